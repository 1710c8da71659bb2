"""moto's S3 over TLS, in a process of its own; as a script it serves until SIGTERM.

moto checks no signatures and keeps everything in memory.
"""

from __future__ import annotations

import logging
import signal
import ssl
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.s3_place import Certificate, S3Place, UnavailableError, served_by


@pytest.fixture(scope="session")
def s3_moto() -> Iterator[S3Place]:
    """A server that has no buckets but those that `new_bucket` made; one a session."""
    try:
        running = served_by(Path(__file__))
        place = running.__enter__()
    except UnavailableError as error:
        pytest.skip(f"moto's server: {error}")
    try:
        yield place
    finally:
        running.__exit__(None, None, None)


def _serve(folder: Path) -> None:
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        disable_nagle_algorithm = True  # head and body are written apart: 40 ms an answer

    certificate = Certificate.in_folder(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.chain, certificate.key)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    # not given to make_server, whose handshakes are made one after another, before the threads
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    server.ssl_context = context
    place = S3Place(
        endpoint=f"https://127.0.0.1:{server.port}",
        ca_file=str(certificate.ca),
        access_key="moto",
        secret_key="moto-secret",
    )
    sys.stdout.write(place.line())
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="s3-moto-") as name:
        _serve(Path(name))

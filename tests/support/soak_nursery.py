"""Real crawls that cost no start, many at once: forked for whoever connects to a Unix socket.

A client sends one JSON line {"outlet", "arguments", "folder", "now", "environment"} and is sent
the crawl's exit code. In the crawl the clock starts at `now`. Its pages are not extracted (see
`faults_zygote.Settled`): that would be most of its time.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from support.faults_zygote import _IMPORTED, Settled

# Without the site's packages it begins in some milliseconds.
CLIENT = """\
import json, os, socket, sys
line = json.loads(sys.argv[2])
line["environment"] = {k: v for k, v in os.environ.items() if k.startswith("ARCHIVER_")}
with socket.socket(socket.AF_UNIX) as crawl:
    crawl.connect(sys.argv[1])
    crawl.sendall(json.dumps(line).encode() + b"\\n")
    sys.exit(int(crawl.recv(16) or b"99"))
"""


def _set_clock(now: datetime) -> None:
    """Let the archiver's clock in this process start anew."""
    import archiver.model

    begun, real = time.monotonic(), archiver.model.utcnow

    def clock() -> datetime:
        return now + timedelta(seconds=time.monotonic() - begun)

    for module in list(sys.modules.values()):
        if getattr(module, "utcnow", None) is real:
            module.utcnow = clock  # type: ignore[attr-defined]


def _crawl(connection: socket.socket) -> None:
    """Be the crawl; ends the process."""
    code: Any = 98
    try:
        order = json.loads(connection.makefile().readline())
        folder = Path(order["folder"])
        output = os.open(folder / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.chdir(folder)
        own = ("ARCHIVER_PLANNED", "ARCHIVER_TRIGGER")  # its parent is not the daemon
        os.environ.update({name: order["environment"][name] for name in own})
        _set_clock(datetime.fromisoformat(order["now"]))
        from scrapy import cmdline

        pipelines = json.dumps({f"{Settled.__module__}.Settled": 300})
        line = ["scrapy", "crawl", order["outlet"], "-s", f"ITEM_PIPELINES={pipelines}"]
        line += ["-s", "LOG_LEVEL=WARNING"]
        line += [word for pair in order["arguments"].items() for word in ("-a", "=".join(pair))]
        cmdline.execute(line)
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - this process ends here, and somebody is to read why
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(str(code if isinstance(code, int) else 1).encode())
        os._exit(0)


def main() -> None:
    """Fork for every client, until standard input ends."""
    for name in _IMPORTED:
        importlib.import_module(name)
    os.environ["SCRAPY_SETTINGS_MODULE"] = "spiders.settings"
    if "twisted.internet.reactor" in sys.modules:
        raise RuntimeError("what was imported has chosen a reactor")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(sys.argv[1])
        listener.listen(200)
        if os.fork() == 0:  # ends all when standard input does
            listener.close()
            sys.stdin.read()
            os.kill(os.getppid(), signal.SIGTERM)
            os._exit(0)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                _crawl(connection)
            connection.close()


if __name__ == "__main__":
    main()

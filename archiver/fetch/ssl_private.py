"""Every name of `ssl` that its documentation does not promise; nothing else uses such."""

from __future__ import annotations

import ssl
import sys


def certificate_chain(tls: ssl.SSLObject, *, verified: bool) -> tuple[bytes, ...]:
    """The server's certificates in DER, its own first: as verified, else as the server sent them.

    From Python 3.13 on by documented methods. Before, an undocumented object has the same ones;
    should they be missing there, the server's own certificate is all there is.
    """
    if sys.version_info >= (3, 13):
        return tuple(tls.get_verified_chain() if verified else tls.get_unverified_chain())
    name = "get_verified_chain" if verified else "get_unverified_chain"
    chain_of = getattr(getattr(tls, "_sslobj", None), name, None)
    if chain_of is None:
        own = tls.getpeercert(binary_form=True)
        return (own,) if own else ()
    return tuple(
        ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in chain_of() or ()
    )

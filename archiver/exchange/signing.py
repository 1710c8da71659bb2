"""The signature of a WACZ, as WACZ-auth 0.1.0 has it: anonymous, by a key of this archive."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from archiver import __version__
from archiver.errors import ConfigError, disk_error

KEY_FILE = "export-key.pem"
_HALF = 48  # bytes of each of the two numbers of a signature on P-384


def signing_key(folder: Path) -> ec.EllipticCurvePrivateKey:
    """The archive's own key, made when it is first asked for; only its owner can read the file.

    Raises:
        ConfigError: what stands there is no such key.
        DiskFullError, WarcError: it cannot be read or written.
    """
    path = folder / KEY_FILE
    try:
        if path.exists():
            found = serialization.load_pem_private_key(path.read_bytes(), password=None)
            if isinstance(found, ec.EllipticCurvePrivateKey) and found.curve.name == "secp384r1":
                return found
            raise ValueError("it is of another kind")
        key = ec.generate_private_key(ec.SECP384R1())
        packed = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(fd, "wb") as out:
            out.write(packed)
    except (ValueError, TypeError) as error:
        raise ConfigError([f"{path}: is no EC key on P-384 ({error}); remove it"]) from error
    except OSError as error:
        raise disk_error("keep the key of exports", path, error) from error
    return key


def signed(digest: str, created: str, key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    """The `signedData` of a digest such as `sha256:…`: ECDSA over its text, as browsers make it.

    The two numbers stand one after the other, as in the Web Cryptography API, and not in DER.
    """
    r, s = decode_dss_signature(key.sign(digest.encode(), ec.ECDSA(hashes.SHA256())))
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    both = r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")
    return {
        "hash": digest,
        "created": created,
        "software": f"news-archiver {__version__}",
        "version": "0.1.0",
        "signature": base64.b64encode(both).decode(),
        "publicKey": base64.b64encode(public).decode(),
    }

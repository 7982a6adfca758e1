"""A certificate authority of our own and a certificate of it for this host, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """PEM files. `store`: key and certificate once more as PKCS #12, for Java; its password is `password`."""

    authority: Path
    certificate: Path
    key: Path
    store: Path


def make_certificates(folder: Path, host: str = "127.0.0.1") -> Certificates:
    folder.mkdir(parents=True)
    found = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key", folder / "server.p12")
    authority_key, request, extension = folder / "ca.key", folder / "server.csr", folder / "extension"
    extension.write_text(f"subjectAltName=IP:{host}\n")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    authority = ["-subj", "/CN=Test authority", "-addext", "keyUsage=critical,keyCertSign"]
    _openssl("req", "-x509", *new_key, *authority, "-days", "2", "-keyout", authority_key, "-out", found.authority)
    _openssl("req", *new_key, "-subj", f"/CN={host}", "-keyout", found.key, "-out", request)
    signing = ["-CA", found.authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2", "-extfile", extension]
    _openssl("x509", "-req", "-in", request, *signing, "-out", found.certificate)
    pair = ["-inkey", found.key, "-in", found.certificate, "-passout", "pass:password"]
    _openssl("pkcs12", "-export", *pair, "-out", found.store)
    return found


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

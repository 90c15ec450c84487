"""Certificates for an hour, made by openssl: an authority, a server, clients."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key."""

    certificate: Path
    key: Path


def authority(folder: Path, name: str) -> Identity:
    """An authority that signs for itself."""
    made = _place(folder, name)
    request = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
    ]
    names = ["-subj", f"/CN={name}", "-keyout", str(made.key), "-out", str(made.certificate)]
    _openssl(*request, *names)
    return made


def issue(folder: Path, signer: Identity, common_name: str, alternative: str = "") -> Identity:
    """A certificate of a common name, and of alternatives such as "IP:127.0.0.1"."""
    made = _place(folder, common_name or "nameless")
    request, extensions = made.key.with_suffix(".csr"), made.key.with_suffix(".cnf")
    subject = f"/CN={common_name}" if common_name else "/O=nobody"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    _openssl("req", *curve, "-subj", subject, "-keyout", str(made.key), "-out", str(request))
    extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
    signing = ["-CA", str(signer.certificate), "-CAkey", str(signer.key), "-CAcreateserial", "-days", "1"]
    placing = ["-extfile", str(extensions), "-out", str(made.certificate)]
    _openssl("x509", "-req", "-in", str(request), *signing, *placing)
    return made


def _place(folder: Path, name: str) -> Identity:
    folder.mkdir(parents=True, exist_ok=True)
    return Identity(folder / f"{name}.pem", folder / f"{name}.key")


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)  # noqa: S607 - wherever it is

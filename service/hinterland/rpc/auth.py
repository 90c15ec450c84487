"""Who calls: bearer tokens, kept as hashes, and the names in client certificates."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hinterland.errors import InputError
from hinterland.reasons import Reason, RefusedError

LOCAL_OWNER = "local"
"""Of all calls to a server without authentication."""
_OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREFIX = "hinterland_"
_MOST_HEADER_CHARACTERS = 512
_LOOK_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenLine:
    """A line of the file of tokens. The token is random, so a plain digest of it cannot be searched for."""

    owner: str
    sha256: str
    made: str
    """Day, as 2026-11-23."""


def read_tokens(path: Path) -> list[TokenLine]:
    """Read the file of hashed tokens.

    Raises
    ------
    InputError
        If it cannot be read, or a line is not `OWNER SHA256 DAY`.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "not a text"
        message = f"{path}: {cause}; make it with: hinterland token OWNER --tokens {path}"
        raise InputError(message) from error
    found = []
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or not _OWNER.fullmatch(words[0]) or not _DIGEST.fullmatch(words[1]):
            message = f"{path}, line {number}: not OWNER SHA256 DAY, as hinterland token writes it"
            raise InputError(message)
        found.append(TokenLine(owner=words[0], sha256=words[1], made=words[2]))
    return found


def add_token(path: Path, owner: str) -> str:
    """Make a token of an owner, and keep its digest in the file; the token itself is only in the answer."""
    if not _OWNER.fullmatch(owner):
        message = (
            f"{owner!r}: an owner is 1 to 64 letters, digits and . _ @ - , starting with a letter or digit"
        )
        raise InputError(message)
    kept = read_tokens(path) if path.exists() else []
    token = _PREFIX + secrets.token_urlsafe(32)
    day = datetime.now(UTC).date().isoformat()
    _write_tokens(path, [*kept, TokenLine(owner=owner, sha256=_digest(token), made=day)])
    return token


def revoke_tokens(path: Path, owner: str) -> int:
    """Forget all tokens of an owner; how many there were."""
    kept = read_tokens(path)
    left = [line for line in kept if line.owner != owner]
    _write_tokens(path, left)
    return len(kept) - len(left)


def _write_tokens(path: Path, lines: Sequence[TokenLine]) -> None:
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = "".join(f"{line.owner} {line.sha256} {line.made}\n" for line in lines)
    try:
        with open(made, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """The tokens that are let in; the file is read again when it changes, so a revoked one soon opens nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # looked up by a keyed digest: how long that takes says nothing of the digests that are kept
        self._key = secrets.token_bytes(32)
        self._state: tuple[int, int, int] | None = None
        self._owners: Mapping[bytes, str] = {}
        self._looked_s = 0.0
        self._read()

    def owner_of(self, token: str) -> str | None:
        """The owner of a token; None if it is unknown."""
        if time.monotonic() - self._looked_s > _LOOK_AGAIN_S:
            self._read()
        key = self._keyed(_digest(token))
        if key not in self._owners:
            self._read()  # it may have been made just now
        return self._owners.get(key)

    def _read(self) -> None:
        self._looked_s = time.monotonic()
        try:
            status = self._path.stat()
            state = (status.st_mtime_ns, status.st_ino, status.st_size)
            if state == self._state:
                return
            owners = {self._keyed(line.sha256): line.owner for line in read_tokens(self._path)}
        except (InputError, OSError) as error:
            if self._state is None:
                read_tokens(self._path)  # says it in one line
                raise InputError(str(error)) from error
            owners, state = {}, (0, 0, 0)  # nobody is let in on the word of a file that cannot be read
        self._owners, self._state = owners, state

    def _keyed(self, digest: str) -> bytes:
        return hmac.digest(self._key, digest.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Finds the owner of a call.

    With a file of tokens every call needs a known token, whose owner it is then done for. With only an authority
    for clients the common name of the certificate is the owner; TLS has let nobody in without one. With neither
    the server listens on loopback and everything belongs to one owner.
    """

    tokens: Tokens | None
    uses_certificates: bool

    def owner(
        self, metadata: Iterable[tuple[str, str | bytes]], identity: Mapping[str, Iterable[bytes]]
    ) -> str:
        """The owner.

        Raises
        ------
        RefusedError
            With TOKEN_MISSING or TOKEN_UNKNOWN.
        """
        if self.tokens is not None:
            return self._owner_of_token(metadata)
        if self.uses_certificates:
            return _owner_of_certificate(identity)
        return LOCAL_OWNER

    def _owner_of_token(self, metadata: Iterable[tuple[str, str | bytes]]) -> str:
        headers = [value for key, value in metadata if key == "authorization"]
        if not headers:
            message = "no token: send the header authorization with 'Bearer TOKEN'"
            raise RefusedError(Reason.TOKEN_MISSING, message)
        header = headers[0] if isinstance(headers[0], str) else ""
        scheme, _, token = header[:_MOST_HEADER_CHARACTERS].partition(" ")
        owner = None
        if len(headers) == 1 and scheme.lower() == "bearer" and self.tokens is not None:
            owner = self.tokens.owner_of(token)
        if owner is None:
            message = "the token is not known here: it was mistyped or revoked; ask the operator for one"
            raise RefusedError(Reason.TOKEN_UNKNOWN, message)
        return owner


def _owner_of_certificate(identity: Mapping[str, Iterable[bytes]]) -> str:
    names = list(identity.get("x509_common_name", ()))
    name = names[0].decode("utf-8", "replace") if len(names) == 1 else ""
    if not _OWNER.fullmatch(name):
        message = (
            "the client's certificate has no common name that can be an owner: letters, digits and . _ @ -"
        )
        raise RefusedError(Reason.TOKEN_UNKNOWN, message)
    return name

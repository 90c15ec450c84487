"""Page tokens and filters of ListJobs: opaque, sealed, and read strictly."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from hinterland.jobs.model import State
from hinterland.jobs.specs import KINDS
from hinterland.reasons import Reason, RefusedError

DEFAULT_PAGE = 50
MOST_PAGE = 1000
MOST_FILTER_CHARACTERS = 500
LABEL_KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}", re.ASCII)
MOST_LABEL_CHARACTERS = 63
_SEAL_BYTES = 16
_SECRET_BYTES = 32
_MOST_TOKEN_CHARACTERS = 200
_TERM = re.compile(r'(?P<key>[a-zA-Z0-9_.-]+)=(?:"(?P<quoted>(?:[^"\\]|\\["\\])*)"|(?P<bare>[^\s"\\=]+))')
_AND = re.compile(r"\s+AND\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which jobs are listed; all where nothing is said."""

    state: State | None = None
    kind: str | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def read_filter(text: str) -> Filter:
    """Read `state=RUNNING AND kind=panorama AND labels.KEY=VALUE`; a value may stand in double quotes.

    Raises
    ------
    RefusedError
        With FILTER_INVALID, unless every term is of this form and its key stands once.
    """
    if len(text) > MOST_FILTER_CHARACTERS:
        raise _bad(f"a filter has at most {MOST_FILTER_CHARACTERS} characters, got {len(text)}")
    terms: dict[str, str] = {}
    at, end = 0, len(text.rstrip())
    at += len(text) - len(text.lstrip())
    while at < end:
        found = _TERM.match(text, at)
        if found is None:
            raise _bad(f"{text[at : at + 40]!r}: terms are key=value, joined by AND")
        key = found["key"]
        if key in terms:
            raise _bad(f"{key} stands twice")
        quoted = found["quoted"]
        terms[key] = found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = found.end()
        if at < end:
            joined = _AND.match(text, at)
            if joined is None or joined.end() >= end:
                raise _bad(f"{text[at : at + 40]!r}: terms are joined by AND")
            at = joined.end()
    return _filter_of(terms)


def _filter_of(terms: dict[str, str]) -> Filter:
    state = terms.pop("state", None)
    if state is not None and state not in State.__members__:
        raise _bad(f"state={state}: choose one of {', '.join(State)}")
    kind = terms.pop("kind", None)
    if kind is not None and kind not in KINDS:
        raise _bad(f"kind={kind}: choose one of {', '.join(KINDS)}")
    labels = {}
    for key, value in terms.items():
        name = key.removeprefix("labels.")
        if name == key or not LABEL_KEY.fullmatch(name):
            raise _bad(f"{key}: filter by state, kind or labels.KEY")
        if len(value) > MOST_LABEL_CHARACTERS:
            raise _bad(f"{key}: a label's value has at most {MOST_LABEL_CHARACTERS} characters")
        labels[name] = value
    return Filter(state=None if state is None else State(state), kind=kind, labels=labels)


def _bad(message: str) -> RefusedError:
    return RefusedError(Reason.FILTER_INVALID, f"filter: {message}", field="filter")


def page_size_of(asked: int) -> int:
    """Jobs of a page: the default for 0, the most for more than that.

    Raises
    ------
    RefusedError
        With FIELD_INVALID if it is negative.
    """
    if asked < 0:
        message = f"page_size is 0 or more, got {asked}"
        raise RefusedError(Reason.FIELD_INVALID, message, field="page_size")
    return min(asked or DEFAULT_PAGE, MOST_PAGE)


class PageTokens:
    """Seals where a page ended, so that a token says nothing of another owner's or another filter's list."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, owner: str, filter_text: str, last_job_id: str) -> str:
        """The token of the page after a job."""
        place = last_job_id.encode()
        return base64.urlsafe_b64encode(self._seal(owner, filter_text, place) + place).rstrip(b"=").decode()

    def place(self, owner: str, filter_text: str, token: str) -> str:
        """The job after which the page begins.

        Raises
        ------
        RefusedError
            With PAGE_TOKEN_INVALID unless this server gave the token to this owner for this filter.
        """
        try:
            coded = token[:_MOST_TOKEN_CHARACTERS].encode("ascii")
            sealed = base64.b64decode(coded + b"=" * (-len(coded) % 4), altchars=b"-_", validate=True)
            seal, place = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
            is_ours = hmac.compare_digest(seal, self._seal(owner, filter_text, place))
        except (ValueError, binascii.Error):
            is_ours = False
        if not is_ours:
            message = (
                "page_token is not of this list: begin again without one, and keep the filter between pages"
            )
            raise RefusedError(Reason.PAGE_TOKEN_INVALID, message, field="page_token")
        return place.decode()

    def _seal(self, *parts: str | bytes) -> bytes:
        digest = hmac.new(self._secret, digestmod=hashlib.sha256)
        for part in parts:
            coded = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
            digest.update(len(coded).to_bytes(8, "big") + coded)
        return digest.digest()[:_SEAL_BYTES]


def load_secret(path: Path) -> bytes:
    """The secret of a server, made at its first start; only its user may read it."""
    if not path.exists():
        made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        with open(made, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)  # the first of two servers that start together wins
        except FileExistsError:
            pass
        finally:
            made.unlink()
    secret = path.read_bytes()
    if len(secret) != _SECRET_BYTES:
        message = f"{path}: not {_SECRET_BYTES} bytes; delete it: only page tokens depend on it"
        raise OSError(message)
    return secret

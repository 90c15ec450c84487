"""Tokens: random, kept as digests, made and revoked while the server runs; and names in certificates."""

import hashlib
import os
from pathlib import Path

import pytest

from hinterland.errors import InputError
from hinterland.reasons import Reason, RefusedError
from hinterland.rpc import auth
from hinterland.rpc.auth import Authenticator, Tokens, add_token, read_tokens, revoke_tokens


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def owner(tokens: Tokens, token: str) -> str:
    return Authenticator(tokens, uses_certificates=False).owner(bearer(token), {})


def test_a_token_is_printed_once_and_kept_as_its_digest(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    token = add_token(path, "ada")
    assert token not in path.read_text()
    assert [(line.owner, line.sha256) for line in read_tokens(path)] == [
        ("ada", hashlib.sha256(token.encode()).hexdigest())
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_each_token_stands_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    made = {add_token(path, name): name for name in ("ada", "bob@mars.example", "ada")}
    assert len(made) == 3
    tokens = Tokens(path)
    assert {token: owner(tokens, token) for token in made} == made


def test_a_server_learns_of_new_tokens_at_once_and_of_revoked_ones_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_LOOK_AGAIN_S", -1.0)
    path = tmp_path / "tokens"
    first = add_token(path, "ada")
    tokens = Tokens(path)
    second = add_token(path, "bob")
    assert owner(tokens, second) == "bob"
    assert revoke_tokens(path, "ada") == 1
    with pytest.raises(RefusedError) as error:
        owner(tokens, first)
    assert error.value.reason is Reason.TOKEN_UNKNOWN
    assert owner(tokens, second) == "bob"


@pytest.mark.parametrize("damage", ["gone", "nonsense"])
def test_nobody_is_let_in_on_a_file_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setattr(auth, "_LOOK_AGAIN_S", -1.0)
    path = tmp_path / "tokens"
    token = add_token(path, "ada")
    tokens = Tokens(path)
    text = path.read_text()
    if damage == "gone":
        path.unlink()
    else:
        path.write_text("nonsense\n")
    with pytest.raises(RefusedError):
        owner(tokens, token)
    path.write_text(text)
    os.utime(path, ns=(1, 1))
    assert owner(tokens, token) == "ada"


@pytest.mark.parametrize("text", ["ada\n", "ada xyz 2026-11-23\n", "../x " + "ab" * 32 + " 2026-11-23\n"])
def test_a_file_of_tokens_that_is_none_is_named_with_its_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text("# tokens\n\n" + text)
    with pytest.raises(InputError, match="line 3: not OWNER SHA256 DAY"):
        Tokens(path)


def test_a_server_does_not_start_without_its_file_of_tokens(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="hinterland token OWNER"):
        Tokens(tmp_path / "tokens")


@pytest.mark.parametrize("name", ["", "../x", "a b", "x" * 65, "a\nb", "-x"])
def test_an_owner_has_a_plain_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="an owner is 1 to 64"):
        add_token(tmp_path / "tokens", name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "metadata",
    [
        (("authorization", "Bearer a"), ("authorization", "Bearer b")),
        (("authorization", b"\xff"),),
        (("authorization", "Bearer é\ud800"),),
    ],
)
def test_a_header_that_is_none_is_no_token(
    tmp_path: Path, metadata: tuple[tuple[str, str | bytes], ...]
) -> None:
    path = tmp_path / "tokens"
    add_token(path, "ada")
    with pytest.raises(RefusedError) as error:
        Authenticator(Tokens(path), uses_certificates=False).owner(metadata, {})
    assert error.value.reason is Reason.TOKEN_UNKNOWN


@pytest.mark.parametrize("names", [(), (b"",), (b"ada", b"bob"), (b"../x",), (b"\xff",), (b"a b",)])
def test_a_certificate_without_one_plain_name_is_nobodys(names: tuple[bytes, ...]) -> None:
    with pytest.raises(RefusedError) as error:
        Authenticator(None, uses_certificates=True).owner((), {"x509_common_name": names})
    assert error.value.reason is Reason.TOKEN_UNKNOWN


def test_without_authentication_all_is_one_owners() -> None:
    assert Authenticator(None, uses_certificates=False).owner((), {}) == "local"

"""Settings: flags before environment before file, and what is wrong said in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from hinterland.errors import InputError
from hinterland.settings import load_settings


def test_flags_win_over_the_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hinterland.toml"
    file.write_text('data = "from-file"\nworkers = 1\nbackend = "cpu"\n')
    monkeypatch.setenv("HINTERLAND_WORKERS", "2")
    monkeypatch.setenv("HINTERLAND_DATA", "from-environment")
    settings = load_settings(file, data=Path("from-flag"))
    assert (settings.data, settings.workers, settings.backend) == (Path("from-flag"), 2, "cpu")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "data: give it with --data or HINTERLAND_DATA"),
        ({"data": "d", "workers": 0}, "workers: "),
        ({"data": "d", "colour": "red"}, "colour: there is no such setting"),
        ({"data": "d", "tls_key": "k"}, "tls_certificate and tls_key belong together"),
        ({"data": "d", "tls_client_ca": "k"}, "tls_client_ca needs tls_certificate"),
        ({"data": "d", "lease_s": 10}, "needs a heartbeat"),
        ({"data": "d", "listen": "0.0.0.0:1"}, "is reached from other machines"),
        ({"data": "d", "listen": "[::]:1"}, "is reached from other machines"),
        ({"data": "d", "listen": "localhost.example.org:1"}, "is reached from other machines"),
        ({"data": "d", "listen": "0.0.0.0:1", "tokens": "t"}, "is reached from other machines"),
        (
            {"data": "d", "listen": "0.0.0.0:1", "tls_certificate": "c", "tls_key": "k"},
            "is reached from other machines",
        ),
        ({"data": "d", "metrics_listen": "0.0.0.0:1"}, "metrics know no callers"),
    ],
)
def test_settings_that_cannot_be_are_told_in_one_line(flags: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as error:
        load_settings(**flags)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.0.1:0", "[::1]:1", "localhost:1"])
def test_loopback_needs_no_authentication(listen: str) -> None:
    assert load_settings(data=Path("d"), listen=listen).is_loopback


@pytest.mark.parametrize(("text", "words"), [("data = ", "not TOML"), ("color = 1\n", "no such setting")])
def test_a_file_of_settings_that_is_none_is_said_so(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "hinterland.toml"
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        load_settings(file, data=tmp_path)
    with pytest.raises(InputError, match="no such file"):
        load_settings(tmp_path / "gone.toml")


def test_what_config_show_prints_is_a_file_of_the_same_settings_with_secrets_masked(tmp_path: Path) -> None:
    show = [sys.executable, "-m", "hinterland.cli", "config", "show"]
    options = ["--data", str(tmp_path), "--set", "workers=3", "--set", "listen=127.0.0.1:7"]
    printed = subprocess.run([*show, *options], capture_output=True, text=True, check=True).stdout
    file = tmp_path / "hinterland.toml"
    file.write_text(printed)
    asked = load_settings(data=tmp_path, workers=3, listen="127.0.0.1:7")
    assert load_settings(file).model_dump() == asked.model_dump()
    secret = ["--set", "database=postgresql://ada:secret@mars/jobs"]
    masked = subprocess.run([*show, *options, *secret], capture_output=True, text=True, check=True).stdout
    assert "secret" not in masked
    assert "database = " in masked

"""The command: exit statuses and messages of bad input, and what it says of good input."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hostile import HOSTILE, Hostile

from hinterland import cli
from hinterland_kernels import backend

PAIR = sorted((Path(__file__).parents[2] / "examples" / "mer_navcam_pair").glob("1N*.IMG"))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    """Exit status of `hinterland ARGUMENTS`."""
    monkeypatch.setattr("sys.argv", ["hinterland", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's panorama, small."""
    out = tmp_path_factory.mktemp("cli") / "bundle"
    with pytest.MonkeyPatch.context() as patch:
        status = run(
            patch, "panorama", *PAIR, "-o", out, "--scale", 8, "--progress", "none", "--backend", "cpu"
        )
    assert status == 0
    return out


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_bad_input_ends_in_one_line_that_names_it(
    case: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    arguments = case.make(inputs)
    out = tmp_path / "bundle"
    assert run(monkeypatch, "panorama", *arguments, "-o", out, "--progress", "none") == case.exit_status
    said = capsys.readouterr().err
    assert said.startswith("hinterland: ")
    assert said.count("\n") == 1
    assert case.fragment in said
    assert [path for path in tmp_path.iterdir() if path != inputs] == []


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        (["--surface", "sphere"], "--surface sphere: choose one of auto, plane, infinity"),
        (["--projection", "polar"], "--projection polar: choose one of cylindrical"),
        (["--kernel", "sinc"], "--kernel sinc: choose one of nearest"),
        (["--scale", "0"], "--scale 0: give pixels per degree from"),
        (["--scale", "0.05"], "--scale 0.05: give pixels per degree from"),
        (["--scale", "nan"], "--scale nan"),
        (["--scale", "1e9"], "the frames resolve"),
        (["--metadata", "nowhere.json"], "nowhere.json"),
        (["--nav", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_the_way_out(
    options: list[str],
    fragment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "bundle"
    assert run(monkeypatch, "panorama", *PAIR, "-o", out, "--progress", "none", *options) == 2
    assert fragment in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (["panoramma"], "No such command 'panoramma'"),
        (["panorama", "-o", "out"], "Missing argument 'FRAME...'"),
        (["panorama", "frame.img"], "Missing option '-o'"),
        (["panorama", "frame.img", "-o", "out", "--backend", "abacus"], "'--backend'"),
        (["panorama", "frame.img", "-o", "out", "--scale", "big"], "'--scale'"),
        (["panorama", "frame.img", "-o", "out", "--colour"], "--colour"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(
    arguments: list[str], fragment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, *arguments) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert fragment in said


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_while_tiles_are_made_leaves_nothing(number: int, word: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    # what a shell starts in the background ignores interrupts, and so would what it starts
    heed = (
        "import os, sys; from signal import *; signal(SIGINT, SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    command = [sys.executable, "-m", "hinterland.cli", "panorama", *map(str, PAIR), "-o", str(out)]
    with subprocess.Popen(
        [sys.executable, "-c", heed, *command, "--progress", "json"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if json.loads(line)["stage"] == "blending":
                process.send_signal(number)
                break
        rest = process.stderr.read()
        assert process.wait() == 128 + number
    assert f"hinterland: {word}; nothing was published" in rest
    assert list(tmp_path.iterdir()) == []


def test_a_missing_gpu_is_status_3_and_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> backend.Backend:
        message = "no NVIDIA GPU answers"
        raise backend.BackendMissingError(message)

    monkeypatch.setattr(backend, "cuda", missing)
    out = tmp_path / "bundle"
    assert run(monkeypatch, "panorama", *PAIR, "-o", out, "--backend", "cuda", "--progress", "none") == 3
    assert "--backend cpu runs everywhere" in capsys.readouterr().err
    assert not out.exists()


def test_a_bundle_is_replaced_only_when_told_to(
    bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (bundle / "panorama.json").read_bytes()
    arguments = ["panorama", *PAIR, "-o", bundle, "--scale", "6", "--progress", "none", "--backend", "cpu"]
    assert run(monkeypatch, *arguments) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert (bundle / "panorama.json").read_bytes() == before
    assert run(monkeypatch, *arguments, "--overwrite") == 0
    assert (bundle / "panorama.json").read_bytes() != before


def test_the_report_goes_to_standard_output_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "one"
    options = ["--json", "--scale", "4", "--progress", "none", "--backend", "cpu"]
    assert run(monkeypatch, "panorama", PAIR[0], "-o", out, *options) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "panorama.json").read_text())


def test_progress_lines_are_json_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--scale", "4", "--progress", "json", "--backend", "cpu"]
    assert run(monkeypatch, "panorama", PAIR[0], "-o", tmp_path / "one", *options) == 0
    reports = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [report["stage"] for report in reports if report["done"] == report["total"]] == [
        "reading",
        "tie points",
        "pointing",
        "planning",
        "levelling",
        "seams",
        "blending",
        "publishing",
    ]


def test_the_doctor_names_versions_and_backends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "doctor") == 0
    said = capsys.readouterr().out
    for name in ("hinterland", "python", "numba", "cuda", "kernel cache"):
        assert name in said

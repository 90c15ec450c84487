from __future__ import annotations

import os
import platform
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confined_python import confined

from hinterland.jobs import confinement, seccomp
from hinterland.jobs.confinement import Confinement, gpu_paths, system_paths
from hinterland.jobs.landlock import landlock_abi

needs_landlock = pytest.mark.skipif(landlock_abi() == 0, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="this machine's calls are not known"
)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """in/frame, out/ and secret."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "frame").write_text("frame")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    return tmp_path


@needs_landlock
def test_only_the_folders_named_can_be_read_and_written(folders: Path) -> None:
    done = confined(
        """
        folder = Path(sys.argv[1])
        confine(readable=[*system_paths(), folder / "in"], writable=[folder / "out"])
        print(json.dumps({
            "read an input": attempt((folder / "in/frame").read_text),
            "read a secret": attempt((folder / "secret").read_text),
            "read through a link": attempt((folder / "in/link").read_text),
            "list the folder above": attempt(lambda: os.listdir(folder)),
            "write an input": attempt(lambda: (folder / "in/frame").write_text("x")),
            "make a file beside": attempt(lambda: (folder / "in/new").write_text("x")),
            "write out": attempt(lambda: (folder / "out/new").write_text("x")),
            "rename out": attempt(lambda: str((folder / "out/new").rename(folder / "out/newer"))[-5:]),
            "link out": attempt(lambda: (folder / "out/link").symlink_to("/etc/shadow")),
            "read shadow": attempt(lambda: open("/etc/shadow").read()),
            "read another's environment": attempt(lambda: open(f"/proc/{os.getppid()}/environ").read()),
            "import": attempt(lambda: __import__("xml.dom.minidom").__name__),
        }))
        """,
        folders,
    )
    refused = "PermissionError"
    assert done == {
        "read an input": "'frame'",
        "read a secret": refused,
        "read through a link": refused,
        "list the folder above": refused,
        "write an input": refused,
        "make a file beside": refused,
        "write out": "1",
        "rename out": "'newer'",
        "link out": refused,
        "read shadow": refused,
        "read another's environment": refused,
        "import": "'xml'",
    }


@needs_landlock
def test_a_second_call_takes_away_and_gives_nothing_back(folders: Path) -> None:
    done = confined(
        """
        folder = Path(sys.argv[1])
        confine(readable=[*system_paths(), folder / "in"], writable=[folder / "out"])
        confine(readable=[*system_paths(), folder], writable=[])
        print(json.dumps([
            attempt((folder / "in/frame").read_text),
            attempt((folder / "secret").read_text),
            attempt(lambda: (folder / "out/new").write_text("x")),
        ]))
        """,
        folders,
    )
    assert done == ["'frame'", "PermissionError", "PermissionError"]


@needs_landlock
def test_signals_reach_no_process_outside() -> None:
    done = confined(
        """
        confine(readable=system_paths())
        print(json.dumps(attempt(lambda: os.kill(os.getppid(), 0))))
        """
    )
    assert done == "PermissionError"


@needs_seccomp
def test_there_are_no_sockets_programs_or_namespaces() -> None:
    done = confined(
        """
        import ctypes, socket, subprocess
        libc = ctypes.CDLL(None, use_errno=True)
        calls = {"x86_64": (425, 321, 272, 101, 435), "aarch64": (425, 280, 97, 117, 435)}[os.uname().machine]
        confine(readable=["/"], writable=["/"])

        def raw(number, *arguments):
            return libc.syscall(number, *arguments), ctypes.get_errno()

        print(json.dumps({
            "families": [attempt(lambda: socket.socket(family)) for family in (2, 10, 16, 17, 1, 40)],
            "program": attempt(lambda: subprocess.run(["/bin/true"])),
            "rings, bpf, unshare, ptrace": [raw(number, 0x10000000, 0, 0, 0)[0] for number in calls[:4]],
            "clone3": raw(calls[4], 0, 0),
            "pair": attempt(lambda: len(socket.socketpair())),
            "fork": attempt(lambda: os._exit(0) if os.fork() == 0 else os.wait()[1]),
        }))
        """.replace('["/"]', '[Path("/")]')
    )
    assert done == {
        "families": ["PermissionError"] * 6,
        "program": "PermissionError",
        "rings, bpf, unshare, ptrace": [-1] * 4,
        "clone3": [-1, 38],  # ENOSYS: the C library takes clone, whose flags can be looked at
        "pair": "2",
        "fork": "0",
    }


@needs_seccomp
def test_threads_that_run_already_have_no_sockets_either() -> None:
    done = confined(
        """
        import socket, threading
        go, told = threading.Event(), []
        thread = threading.Thread(target=lambda: (go.wait(), told.append(attempt(socket.socket))))
        thread.start()
        threads = confine(readable=[Path("/")]).threads
        go.set()
        thread.join()
        print(json.dumps([told, threads]))
        """
    )
    assert done == [["PermissionError"], 2]


def test_the_limits_hold(tmp_path: Path) -> None:
    done = confined(
        """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        confine(readable=[Path("/")], writable=[Path("/")],
                limits=Limits(memory_bytes=1 << 29, file_bytes=1000, open_files=16, cpu_s=77))
        print(json.dumps({
            "memory": attempt(lambda: len(bytearray(1 << 30))),
            "file": attempt(lambda: Path(sys.argv[1]).write_bytes(bytes(5000))),
            "files": attempt(lambda: [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]),
            "core": resource.getrlimit(resource.RLIMIT_CORE),
            "cpu": resource.getrlimit(resource.RLIMIT_CPU),
        }))
        """,
        tmp_path / "large",
    )
    expected = {
        "memory": "MemoryError",
        "file": "OSError",
        "files": "OSError",
        "core": [0, 0],
        "cpu": [77, 77],
    }
    assert done == expected
    assert (tmp_path / "large").stat().st_size == 1000


def test_too_much_processor_time_ends_the_process() -> None:
    program = "from hinterland.jobs.confinement import *; confine(limits=Limits(cpu_s=1))\nwhile True: pass"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert -run.returncode in {signal.SIGXCPU, signal.SIGKILL}


def test_a_child_ends_with_its_parent() -> None:
    child = (
        "import sys, time; from hinterland.jobs.confinement import die_with_parent\n"
        "die_with_parent(int(sys.argv[1])); print('ready', flush=True); time.sleep(600)"
    )
    parent = (
        "import os, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid, flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        number = int(process.stdout.readline())
        watched = os.pidfd_open(number)
        process.kill()
    try:
        # readable once the process has ended; the wait has no end of its own where it does not
        assert _ended(watched, timeout_s=30.0)
    finally:
        os.close(watched)


def _ended(descriptor: int, timeout_s: float) -> bool:
    return bool(select.select([descriptor], [], [], timeout_s)[0])


def test_a_child_whose_parent_has_died_already_ends_at_once() -> None:
    program = "from hinterland.jobs.confinement import die_with_parent; die_with_parent(1); print('lives')"
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == ""


@pytest.mark.parametrize(
    ("applied", "gaps"),
    [
        (Confinement(landlock_abi=7, has_seccomp=True, threads=1), 0),
        (Confinement(landlock_abi=0, has_seccomp=True, threads=3), 1),
        (Confinement(landlock_abi=7, has_seccomp=True, threads=3), 1),
        (Confinement(landlock_abi=0, has_seccomp=False, threads=1), 2),
    ],
)
def test_what_does_not_hold_is_said(applied: Confinement, gaps: int) -> None:
    assert len(applied.gaps) == gaps


def test_a_machine_whose_calls_are_not_known_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seccomp.platform, "machine", lambda: "pdp11")
    assert seccomp.refuse_calls() is False


@pytest.mark.parametrize("machine", sorted(seccomp._MACHINES))
def test_every_jump_of_the_filter_ends_in_a_verdict(machine: str) -> None:
    program = seccomp._program(seccomp._MACHINES[machine])
    verdicts = {place for place, (code, *_) in enumerate(program) if code == seccomp._RETURN}
    for place, (code, yes, no, _) in enumerate(program):
        if code in {seccomp._EQUAL, seccomp._AT_LEAST, seccomp._ANY_BIT}:
            assert place + 1 + max(yes, no) < len(program)
    assert len(program) - 1 in verdicts
    assert program[-1][3] == seccomp._ALLOW
    assert len(set(seccomp._MACHINES[machine].refused.values())) == len(seccomp._MACHINES[machine].refused)


def test_the_system_is_read_and_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, "", "/"])
    paths = system_paths()
    assert Path(sys.prefix).resolve() in paths
    assert not {Path("/"), Path.cwd().parent, Path("/etc"), Path("/proc")} & set(paths)


def test_devices_of_a_gpu_are_those_there_are() -> None:
    _, devices = gpu_paths()
    assert all(device.exists() for device in devices)
    assert confinement.gpu_paths() == gpu_paths()

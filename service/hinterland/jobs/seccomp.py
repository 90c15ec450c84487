"""seccomp: the system calls that a confined process has no business with fail with EPERM.

Source: Linux, Documentation/userspace-api/seccomp_filter.rst; numbers from the architectures' call tables.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_SET_MODE_FILTER = 1
_ALL_THREADS = 1
_KILL, _ERRNO, _ALLOW = 0x8000_0000, 0x0005_0000, 0x7FFF_0000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_X32_CALLS = 0x4000_0000
_NEW_NAMESPACES = 0x7E02_0000  # CLONE_NEW* of mount, cgroup, uts, ipc, user, pid and net

_SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}
_NAMES = (
    "socket",
    "execve",
    "execveat",
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kcmp",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "add_key",
    "request_key",
    "keyctl",
    "name_to_handle_at",
    "open_by_handle_at",
    "swapon",
    "reboot",
    "acct",
)

_ACTIONS = Path("/proc/sys/kernel/seccomp/actions_avail")


def _numbers(*numbers: int) -> Mapping[str, int]:
    return dict(zip(_NAMES, numbers, strict=True)) | _SAME_EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Machine:
    architecture: int
    """AUDIT_ARCH_*."""
    seccomp: int
    clone: int
    clone3: int
    refused: Mapping[str, int]


_MACHINES = {
    "x86_64": _Machine(
        architecture=0xC000_003E,
        seccomp=317,
        clone=56,
        clone3=435,
        refused=_numbers(
            *(41, 59, 322, 101, 310, 311, 312, 321, 298, 323, 272, 308, 165, 166, 155),
            *(161, 175, 313, 176, 246, 320, 248, 249, 250, 303, 304, 167, 169, 163),
        ),
    ),
    "aarch64": _Machine(
        architecture=0xC000_00B7,
        seccomp=277,
        clone=220,
        clone3=435,
        refused=_numbers(
            *(198, 221, 281, 117, 270, 271, 272, 280, 241, 282, 97, 268, 40, 39, 41),
            *(51, 105, 273, 106, 104, 294, 217, 218, 219, 264, 265, 224, 142, 89),
        ),
    ),
}

_Instruction = tuple[int, int, int, int]


def has_filters() -> bool:
    """True if the kernel can refuse calls, and this machine's are known here."""
    return platform.machine() in _MACHINES and _ACTIONS.is_file() and "errno" in _ACTIONS.read_text().split()


def refuse_calls() -> bool:
    """Refuse sockets, programs, namespaces, tracing and the like to every thread of this process, for ever.

    `PR_SET_NO_NEW_PRIVS` must be set.

    Returns
    -------
    bool
        False where the machine's calls are not known, or the kernel filters none.
    """
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return False
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in _program(machine))
    body = ctypes.create_string_buffer(program)
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(body))
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(ctypes.c_long(machine.seccomp), _SET_MODE_FILTER, _ALL_THREADS, header)
    if result == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL}:
        return False
    raise OSError(code, f"seccomp refuses its filter: {os.strerror(code)}")


def _program(machine: _Machine) -> list[_Instruction]:
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    program: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, machine.architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    if machine.architecture == _MACHINES["x86_64"].architecture:
        program += [(_AT_LEAST, 0, 1, _X32_CALLS), refuse]
    for number in machine.refused.values():
        program += [(_EQUAL, 0, 1, number), refuse]
    # its flags lie in memory, where no filter sees them; C libraries then take clone
    program += [(_EQUAL, 0, 1, machine.clone3), (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)]
    program += [
        (_EQUAL, 0, 3, machine.clone),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return program

"""Locks this process in: resource limits, no new privileges, Landlock, seccomp. There is no way back.

Landlock: https://docs.kernel.org/userspace-api/landlock.html
seccomp: https://docs.kernel.org/userspace-api/seccomp_filter.html
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import signal
import sys
from typing import Any

from . import syscalls

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_ADD_RULE = 445
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION = 1
_LANDLOCK_RULE_PATH_BENEATH = 1
_READ = 1 << 2 | 1 << 3  # LANDLOCK_ACCESS_FS_READ_FILE, LANDLOCK_ACCESS_FS_READ_DIR
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many file-system rights an ABI version knows; from 5 on there are 16."""
_NETWORK_ABI = 4
_SCOPE_ABI = 6
_OPEN_FILES = 64


class SandboxUnavailableError(OSError):
    """The kernel offers no way to lock this process in."""


def unavailable() -> str | None:
    """Why the kernel sandbox cannot be used on this machine, or None. Changes nothing."""
    if sys.platform != "linux":
        return f"the kernel sandbox needs Linux, not {sys.platform}"
    machine = platform.machine()
    if machine not in syscalls.AUDIT_ARCHITECTURE:
        return f"the kernel sandbox knows x86_64 and aarch64, not {machine}"
    library = _library()
    if library.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_VERSION) < 1:
        return "the kernel does not offer Landlock"
    # A null filter is refused with EFAULT where filters exist, and nothing is installed.
    library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, None, 0, 0)
    return None if ctypes.get_errno() == errno.EFAULT else "the kernel does not offer seccomp filters"


def limit_resources(*, cpu_seconds: int, memory_bytes: int) -> None:
    """Set limits that a process cannot raise again. Memory is counted from what is in use now."""
    memory = _data_in_use() + memory_bytes
    limits = [
        (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
    ]
    for name, soft, hard in limits:
        ceiling = resource.getrlimit(name)[1]
        ceiling = hard if ceiling == resource.RLIM_INFINITY else min(hard, ceiling)
        resource.setrlimit(name, (min(soft, ceiling), ceiling))


def die_with(parent: int) -> None:
    """Be killed when the parent ends, and now if it has ended already."""
    if sys.platform == "linux":
        _library().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def lock(readable: tuple[str, ...]) -> None:
    """Deny files outside `readable`, every write, the network, new processes and threads.

    Raises:
        SandboxUnavailableError: a part is missing; then nothing may be executed.
    """
    reason = unavailable()
    if reason is not None:
        raise SandboxUnavailableError(reason)
    library = _library()
    _check(library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _check(library.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0), "dumpable")
    _restrict_files(library, readable)
    _restrict_calls(library, platform.machine())


def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, part: str) -> int:
    if result < 0:
        raise SandboxUnavailableError(ctypes.get_errno(), f"{part}: {os.strerror(ctypes.get_errno())}")
    return result


def _data_in_use() -> int:
    """Bytes of private writable memory, which is what RLIMIT_DATA counts."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", encoding="ascii") as status:  # noqa: PTH123 - pathlib would cost start-up
        return int(status.read().split()[5]) * resource.getpagesize()


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # CPython 3.14 wants the layout of packed structures said
    _fields_ = (("access", ctypes.c_uint64), ("parent", ctypes.c_int32))


def _restrict_files(library: Any, readable: tuple[str, ...]) -> None:
    abi = library.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    ruleset = _Ruleset((1 << _FILE_RIGHTS.get(abi, 16)) - 1)
    size = 8
    if abi >= _NETWORK_ABI:
        ruleset.network, size = 0b11, 16  # bind and connect over TCP
    if abi >= _SCOPE_ABI:
        ruleset.scoped, size = 0b11, 24  # abstract sockets and signals of other domains
    descriptor = _check(
        library.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(ruleset), ctypes.c_size_t(size), 0), "Landlock"
    )
    for path in readable:
        _allow_reading(library, descriptor, path)
    _check(library.syscall(_LANDLOCK_RESTRICT_SELF, descriptor, 0), "Landlock")
    os.close(descriptor)


def _allow_reading(library: Any, ruleset: int, path: str) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rights = _READ if os.path.isdir(path) else 1 << 2  # noqa: PTH112 - pathlib would cost start-up
    rule = _PathBeneath(rights, parent)
    result = library.syscall(_LANDLOCK_ADD_RULE, ruleset, _LANDLOCK_RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(parent)
    _check(result, "Landlock")


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


_LOAD = 0x20
_JUMP_EQUAL = 0x15
_JUMP_AT_LEAST = 0x35
_RETURN = 0x06
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_ARGUMENT = 0, 4, 16
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32_BIT = 0x40000000
_TCGETS = 0x5401  # what isatty() asks
_HARMLESS_FCNTL = (1, 2, 3, 1030)  # F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC

Rule = tuple[int, int, int, int]


def _filter(machine: str, process: int) -> list[Rule]:
    """The program as (code, jump if true, jump if false, value); each refusal is EPERM."""
    deny = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    allow = (_RETURN, 0, 0, _ALLOW)
    rules: list[Rule] = [
        (_LOAD, 0, 0, _OFFSET_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, syscalls.AUDIT_ARCHITECTURE[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        rules += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for number in syscalls.allowed(machine):
        rules += [(_JUMP_EQUAL, 0, 1, number), allow]
    rules += [
        (_JUMP_EQUAL, 0, 1, syscalls.CLONE3[machine]),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in syscalls.KILL[machine]:
        rules += _when_argument(number, 0, (process,), allow, deny)
    rules += _when_argument(syscalls.IOCTL[machine], 1, (_TCGETS,), allow, deny)
    rules += _when_argument(syscalls.FCNTL[machine], 1, _HARMLESS_FCNTL, allow, deny)
    # A limit may be read, never set: the pointer to the new limit must be null, in both halves.
    rules += [
        (_JUMP_EQUAL, 0, 6, syscalls.PRLIMIT[machine]),
        (_LOAD, 0, 0, _OFFSET_ARGUMENT + 8 * 2),
        (_JUMP_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, _OFFSET_ARGUMENT + 8 * 2 + 4),
        (_JUMP_EQUAL, 0, 1, 0),
        allow,
        deny,
    ]
    return [*rules, deny]


def _when_argument(
    number: int, argument: int, values: tuple[int, ...], allow: Rule, deny: Rule
) -> list[Rule]:
    """Allow system call `number` when the low half of its argument is one of `values`."""
    tests: list[Rule] = []
    for value in values:
        tests += [(_JUMP_EQUAL, 0, 1, value), allow]
    body = [(_LOAD, 0, 0, _OFFSET_ARGUMENT + 8 * argument), *tests, deny]
    return [(_JUMP_EQUAL, 0, len(body), number), *body]


def _restrict_calls(library: Any, machine: str) -> None:
    rules = _filter(machine, os.getpid())
    instructions = (_Instruction * len(rules))(*(_Instruction(*rule) for rule in rules))
    program = _Program(len(rules), ctypes.cast(instructions, ctypes.POINTER(_Instruction)))
    _check(library.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "seccomp")

"""The system calls that CPython needs to compute: everything else is refused.

Numbers: linux/arch/x86/entry/syscalls/syscall_64.tbl and linux/include/uapi/asm-generic/unistd.h (aarch64).
A number of 0 or more is allowed; calls that exist on one architecture only stand in its own table.
"""

from __future__ import annotations

_SHARED = {  # the number on x86_64, then on aarch64
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "pread64": (17, 67),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "uname": (63, 160),
    "getcwd": (79, 17),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "times": (100, 153),
    "getuid": (102, 174),
    "getgid": (104, 176),
    "geteuid": (107, 175),
    "getegid": (108, 177),
    "getppid": (110, 173),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "getdents64": (217, 61),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "openat": (257, 56),
    "newfstatat": (262, 79),
    "readlinkat": (267, 78),
    "faccessat": (269, 48),
    "pselect6": (270, 72),
    "ppoll": (271, 73),
    "set_robust_list": (273, 99),
    "dup": (32, 23),
    "getrandom": (318, 278),
    "membarrier": (324, 283),
    "statx": (332, 291),
    "rseq": (334, 293),
    "faccessat2": (439, 439),
}
_X86_64_ONLY = {
    "open": 2,
    "stat": 4,
    "lstat": 6,
    "poll": 7,
    "access": 21,
    "select": 23,
    "dup2": 33,
    "readlink": 89,
    "getrlimit": 97,
    "arch_prctl": 158,
    "time": 201,
}

KILL = {"x86_64": (62, 234), "aarch64": (129, 131)}
"""`kill` and `tgkill`: allowed towards the worker's own process only."""

CLONE3 = {"x86_64": 435, "aarch64": 435}
"""Answers ENOSYS, so that the C library falls back to `clone`, which is refused."""

IOCTL = {"x86_64": 16, "aarch64": 29}
FCNTL = {"x86_64": 72, "aarch64": 25}
PRLIMIT = {"x86_64": 302, "aarch64": 261}

AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def allowed(machine: str) -> tuple[int, ...]:
    """The numbers that are allowed whatever their arguments, for `x86_64` or `aarch64`."""
    column = ("x86_64", "aarch64").index(machine)
    numbers = [pair[column] for pair in _SHARED.values()]
    if machine == "x86_64":
        numbers += _X86_64_ONLY.values()
    return tuple(numbers)

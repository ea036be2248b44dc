"""What a process on Linux can forbid itself for good: every file, process, socket and signal.

Landlock (its ABI is in the kernel's userspace-api/landlock.rst) takes the file system, the network
and signals to others away, seccomp every system call but those that computing takes. Both are asked
for by number, as glibc has no functions for them. Where the kernel has no Landlock, or the
processor is one whose calls are not listed, the other of the two holds.
"""

import ctypes
import errno
import os
import platform
import struct

#: Number of each call on x86-64 and on AArch64 (None: it has none).
_ALLOWED: dict[str, tuple[int, int | None]] = {
    # files that are open already
    "read": (0, 63), "write": (1, 64), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62),
    "pread64": (17, 67), "readv": (19, 65), "writev": (20, 66), "ioctl": (16, 29),
    "fcntl": (72, 25), "dup": (32, 23), "poll": (7, None), "ppoll": (271, 73),
    "newfstatat": (262, 79), "statx": (332, 291), "getcwd": (79, 17),
    # memory
    "mmap": (9, 222), "mprotect": (10, 226), "munmap": (11, 215), "brk": (12, 214),
    "mremap": (25, 216), "mincore": (27, 232), "madvise": (28, 233), "membarrier": (324, 283),
    # threads, signals to itself, time
    "futex": (202, 98), "set_robust_list": (273, 99), "rseq": (334, 293),
    "set_tid_address": (218, 96), "arch_prctl": (158, None), "prctl": (157, 167),
    "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "sched_setaffinity": (203, 122),
    "getcpu": (309, 168), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "sigaltstack": (131, 132), "restart_syscall": (219, 128),
    "nanosleep": (35, 101), "clock_nanosleep": (230, 115), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "gettimeofday": (96, 169), "times": (100, 153),
    "getrandom": (318, 278), "exit": (60, 93), "exit_group": (231, 94),
    # what it is
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "uname": (63, 160),
    "sysinfo": (99, 179), "getrusage": (98, 165), "getrlimit": (97, 163),
    "getpriority": (140, 141),
}  # fmt: skip
_CLONE, _CLONE3, _PRLIMIT = (56, 220), (435, 435), (302, 261)
_CLONE_THREAD = 0x10000
#: By `platform.machine()`: the place in the pairs above, and AUDIT_ARCH of linux/audit.h.
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
#: Of classic BPF: load a word of the call's description, compare it, test its bits, answer.
_LOAD, _EQUAL, _ANY_BIT, _ANSWER = 0x20, 0x15, 0x45, 0x06
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16

_LANDLOCK_CREATE, _LANDLOCK_RESTRICT = 444, 446  # the same on both
#: By ABI: how many kinds of access to files, to the network, and scopes there are.
_LANDLOCK_RIGHTS = {1: (13, 0, 0), 2: (14, 0, 0), 3: (15, 0, 0), 4: (15, 2, 0), 5: (16, 2, 0)}
_LANDLOCK_NEWEST = (16, 2, 2)  # from ABI 6 on; later kinds of access are none that are asked for


def deny_calls() -> None:
    """Forbid every system call but `_ALLOWED`, and processes. Raises `OSError`."""
    libc = _libc()
    if (place_and_audit := _MACHINES.get(platform.machine())) is not None:
        program = filter_program(*place_and_audit)
        buffer = ctypes.create_string_buffer(program, len(program))
        header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
        _called(libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, header, 0, 0))


def deny_resources() -> None:
    """Forbid files, the network and signals to other processes. Raises `OSError`."""
    libc = _libc()
    abi = libc.syscall(_LANDLOCK_CREATE, None, 0, 1)  # 1: LANDLOCK_CREATE_RULESET_VERSION
    if abi < 1:  # an old kernel, or one that was started without
        return
    kinds = _LANDLOCK_RIGHTS.get(abi, _LANDLOCK_NEWEST)
    ruleset = struct.pack("QQQ", *((1 << count) - 1 for count in kinds))
    handle = _called(libc.syscall(_LANDLOCK_CREATE, ruleset, 8 * (3 - kinds.count(0)), 0))
    _called(libc.syscall(_LANDLOCK_RESTRICT, handle, 0))
    os.close(handle)


def filter_program(place: int, audit: int) -> bytes:
    """The filter as classic BPF, for one of `_MACHINES`."""
    clone, clone3, prlimit = _CLONE[place], _CLONE3[place], _PRLIMIT[place]
    steps = [
        (_LOAD, 0, 0, _MACHINE),
        (_EQUAL, 1, 0, audit),
        (_ANSWER, 0, 0, _KILL),  # the calls of another machine, which have other numbers
        (_LOAD, 0, 0, _NUMBER),
        # A thread may be begun, a process not. The flags of clone3 cannot be seen, so it does not
        # exist, and glibc takes clone.
        (_EQUAL, 0, 4, clone),
        (_LOAD, 0, 0, _ARGUMENTS),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _REFUSE | errno.EPERM),
        (_EQUAL, 0, 1, clone3),
        (_ANSWER, 0, 0, _REFUSE | errno.ENOSYS),
        # Limits may be read, not set: the superuser could raise them.
        (_EQUAL, 0, 6, prlimit),
        (_LOAD, 0, 0, _ARGUMENTS + 2 * 8),
        (_EQUAL, 0, 3, 0),
        (_LOAD, 0, 0, _ARGUMENTS + 2 * 8 + 4),
        (_EQUAL, 0, 1, 0),
        (_ANSWER, 0, 0, _ALLOW),
        (_ANSWER, 0, 0, _REFUSE | errno.EPERM),
    ]
    for numbers in _ALLOWED.values():
        if (number := numbers[place]) is not None:
            steps += [(_EQUAL, 0, 1, number), (_ANSWER, 0, 0, _ALLOW)]
    steps.append((_ANSWER, 0, 0, _REFUSE | errno.EPERM))
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _libc() -> ctypes.CDLL:
    """The C library, in a process that gains no rights any more: both kinds of rules ask for it."""
    libc = ctypes.CDLL(None, use_errno=True)
    _called(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    return libc


def _called(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

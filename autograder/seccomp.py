"""Which doors to the kernel are shut inside the box: a list of system calls, assembled to the small program that Linux asks.

bubblewrap takes the files, the network and the other processes away. What remains is the kernel itself, and most of the ways
by which a program has ever broken out of a box went through calls that no notebook makes. Those come back with EPERM, as if
the user were not allowed to; a program that tries them goes on.

    A    the number of the call: refused if it is in REFUSED
    clone with a new namespace, ioctl that types into a terminal, socket of an unusual family: refused by their arguments
    clone3, whose arguments cannot be seen: "not there" (ENOSYS), and everyone falls back to clone
"""

from __future__ import annotations

import functools
import platform
import struct
import sys

SOURCE = "McCanne & Jacobson, 'The BSD packet filter', USENIX 1993; Linux, Documentation/userspace-api/seccomp_filter.rst"

# name: number on x86_64, number on aarch64 (None: not there)
CALLS: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220), "clone3": (435, 435), "ioctl": (16, 29), "socket": (41, 198),
    # looking into other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "process_madvise": (440, 440),
    "kcmp": (312, 272), "pidfd_getfd": (438, 438),
    # file systems, roots and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "move_mount": (429, 429), "open_tree": (428, 428),
    "mount_setattr": (442, 442), "unshare": (272, 97), "setns": (308, 268), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
    # machinery of the kernel with a history of holes
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "add_key": (248, 217), "request_key": (249, 218),
    "keyctl": (250, 219), "modify_ldt": (154, None), "lookup_dcookie": (212, 18),
    # the machine itself
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89),
    "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None),
    "vhangup": (153, 58),
}  # fmt: skip
BY_ARGUMENT = ("clone", "clone3", "ioctl", "socket")
REFUSED = tuple(name for name in CALLS if name not in BY_ARGUMENT)

NEW_NAMESPACE = 0x7E020000  # CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID, NET
TYPES_INTO_A_TERMINAL = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6; others reach out of the namespace (vsock) or deep into the kernel (crypto)
NETLINK, ROUTES = 16, 0  # with this protocol alone: ZeroMQ asks by it which interfaces there are

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column in CALLS, what the kernel calls it (AUDIT_ARCH_...)
X32 = 0x40000000  # the other calling convention of x86_64: the same calls under other numbers

LOAD, EQUAL, GREATER_OR_EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # BPF: A = data[k]; A == k; A >= k; A & k; return k
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; an argument has 8 bytes, its low half first
ALLOW, ERROR = 0x7FFF0000, 0x00050000
EPERM, ENOSYS = 1, 38

Line = tuple[str, int, str]  # what is done, with which number, and for a test where to go if it holds ("" goes on)


def argument(i: int) -> Line:
    return "load", ARGUMENTS + 8 * i, ""


def listing(machine: str) -> list[Line | str]:
    """The program in words: lines, and the names of places between them. A test that does not hold goes on with the next line."""
    column, architecture = MACHINES[machine]
    number = {name: calls[column] for name, calls in CALLS.items()}
    out: list[Line | str] = [
        ("load", ARCHITECTURE, ""),
        ("equal", architecture, "ours"),
        ("goto", 0, "refuse"),
        "ours",
        ("load", NUMBER, ""),
    ]
    if machine == "x86_64":
        out.append(("at least", X32, "refuse"))
    out += [("equal", n, "refuse") for name in REFUSED if (n := number[name]) is not None]
    out += [("equal", n, name) for name in BY_ARGUMENT if (n := number[name]) is not None]
    out += [("goto", 0, "allow")]
    out += ["clone", argument(0), ("any bit of", NEW_NAMESPACE, "refuse"), ("goto", 0, "allow")]
    out += ["ioctl", argument(1), *(("equal", code, "refuse") for code in TYPES_INTO_A_TERMINAL), ("goto", 0, "allow")]
    out += ["socket", argument(0), *(("equal", family, "allow") for family in FAMILIES), ("equal", NETLINK, "netlink")]
    out += [("goto", 0, "refuse"), "netlink", argument(2), ("equal", ROUTES, "allow"), ("goto", 0, "refuse")]
    out += ["clone3", ("return", ERROR | ENOSYS, "")]
    out += ["refuse", ("return", ERROR | EPERM, "")]
    out += ["allow", ("return", ALLOW, "")]
    return out


def assembled(lines: list[Line | str]) -> bytes:
    """The program as the kernel reads it: of each instruction its code, how far to jump if it holds and if not, and its number."""
    places, count = {}, 0
    for line in lines:
        if isinstance(line, str):
            places[line] = count
        else:
            count += 1
    codes = {"load": LOAD, "equal": EQUAL, "at least": GREATER_OR_EQUAL, "any bit of": ANY_BIT, "return": RETURN}
    out, at = b"", 0
    for line in lines:
        if isinstance(line, str):
            continue
        what, k, to = line
        at += 1
        away = places[to] - at if to else 0
        if not 0 <= away < 256:
            raise ValueError(f"lines: want jumps forward of less than 256 lines, got one of {away} to {to!r}")
        # `goto` is a test whose two ways lead to the same place
        out += struct.pack("<HBBI", codes.get(what, EQUAL), away, away if what == "goto" else 0, k)
    return out


@functools.cache
def program(machine: str = "") -> bytes | None:
    """The filter for this machine (or another by its name), None where its system calls are not known here."""
    machine = machine or platform.machine()
    if not sys.platform.startswith("linux") or machine not in MACHINES or sys.maxsize < 1 << 32:
        return None
    return assembled(listing(machine))

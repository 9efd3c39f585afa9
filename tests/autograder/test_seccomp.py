"""The filter of system calls: its program does what its listing says, and in the real box the doors are shut."""

from __future__ import annotations

import platform
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from autograder import seccomp
from autograder.sandbox import Box, shut_doors

HEADERS = {"x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), "aarch64": Path("/usr/include/asm-generic/unistd.h")}
EPERM, ENOSYS = 1, 38


def answer(program: bytes, number: int, *arguments: int, architecture: int) -> int:
    """The kernel's own rules for such a program, written a second time: what it says to one call."""
    data = struct.pack("<iIQ6Q", number, architecture, 0, *(*arguments, *[0] * (6 - len(arguments))))
    at = a = 0
    while True:
        code, yes, no, k = struct.unpack_from("<HBBI", program, 8 * at)
        at += 1
        if code == 0x06:
            return int(k)
        if code == 0x20:
            (a,) = struct.unpack_from("<I", data, k)
        else:
            at += yes if {0x15: a == k, 0x35: a >= k, 0x45: bool(a & k)}[code] else no


def errno_of(machine: str, name: str, *arguments: int) -> int:
    """0 where the filter lets a call through."""
    column, architecture = seccomp.MACHINES[machine]
    number = seccomp.CALLS[name][column]
    assert number is not None
    said = answer(seccomp.assembled(seccomp.listing(machine)), number, *arguments, architecture=architecture)
    return 0 if said == 0x7FFF0000 else said & 0xFFFF


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_a_call_on_the_list_is_not_permitted_and_every_other_is(machine: str) -> None:
    column, architecture = seccomp.MACHINES[machine]
    program = seccomp.assembled(seccomp.listing(machine))
    refused = {calls[column] for name, calls in seccomp.CALLS.items() if name in seccomp.REFUSED}
    special = {calls[column] for name, calls in seccomp.CALLS.items() if name in seccomp.BY_ARGUMENT}
    for number in set(range(600)) - special:
        want = 0x00050000 | EPERM if number in refused else 0x7FFF0000
        assert answer(program, number, architecture=architecture) == want


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_threads_and_children_are_made_and_namespaces_are_not(machine: str) -> None:
    thread, child = 0x003D0F00, 0x01200011  # the flags that pthread_create and fork give to clone
    assert errno_of(machine, "clone", thread) == errno_of(machine, "clone", child) == 0
    for new in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert errno_of(machine, "clone", child | new) == EPERM
    assert errno_of(machine, "clone3") == ENOSYS


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_sockets_are_of_the_usual_families_and_nobody_types_into_a_terminal(machine: str) -> None:
    allowed = {family for family in range(50) if errno_of(machine, "socket", family) == 0}
    assert allowed == {1, 2, 10, 16}
    assert errno_of(machine, "socket", 16, 3, 12) == EPERM  # of netlink the routes alone, not the packet filter
    assert errno_of(machine, "ioctl", 0, 0x5401) == 0
    assert errno_of(machine, "ioctl", 0, 0x5412) == errno_of(machine, "ioctl", 0, 0x541C) == EPERM


def test_another_machines_calls_and_the_other_convention_are_refused() -> None:
    program = seccomp.assembled(seccomp.listing("x86_64"))
    assert answer(program, 1, architecture=0x40000003) & 0xFFFF == EPERM  # 32 bits: other numbers
    assert answer(program, 0x40000001, architecture=0xC000003E) & 0xFFFF == EPERM  # x32


@pytest.mark.parametrize("machine", HEADERS)
def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    if not HEADERS[machine].is_file():
        pytest.skip("the kernel's headers are not installed")
    told = {name: int(n) for name, n in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", HEADERS[machine].read_text())}
    column, _ = seccomp.MACHINES[machine]
    assert {n: calls[column] for n, calls in seccomp.CALLS.items()} == {n: told.get(n) for n in seccomp.CALLS}


TRY = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
for word in sys.argv[1:]:
    number, *arguments = map(int, word.split(","))
    ctypes.set_errno(0)
    said = libc.syscall(number, *map(ctypes.c_long, arguments))
    print(ctypes.get_errno() if said == -1 else "done", end=" ")
import threading, subprocess, socket
threading.Thread(target=print, args=("thread",)).start()
print(subprocess.run(["/bin/echo", "child"], capture_output=True, text=True).stdout.strip(), bool(socket.socketpair()))
"""


@pytest.mark.sandbox
def test_in_the_box_the_calls_come_back_and_the_program_goes_on() -> None:
    machine = platform.machine()
    if machine not in seccomp.MACHINES:
        pytest.skip(f"no numbers of system calls for {machine}")
    column, _ = seccomp.MACHINES[machine]
    words = [f"{seccomp.CALLS[name][column]},0,0,0,0,0,0" for name in seccomp.REFUSED if seccomp.CALLS[name][column] is not None]
    words += [f"{seccomp.CALLS['clone3'][column]},0,0", f"{seccomp.CALLS['socket'][column]},40,1,0"]
    with Box().open() as room, shut_doors() as doors:
        command = room.command([sys.executable, "-c", TRY, *words], doors)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, pass_fds=doors)
    assert done.stdout.split() == ["1"] * (len(words) - 2) + ["38", "1", "thread", "child", "True"], done.stderr

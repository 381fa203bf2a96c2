"""Following a process by its system calls, to kill it at one of them or to let one fail (x86-64 Linux).

The process is traced (ptrace) and asks the kernel (seccomp) to stop at calls that change files; others cost nothing.
Threads and processes that it starts are followed too.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FD, PATH, AT, PATHS, ATS, OUT = range(6)
"""Where a call says which file: a descriptor, a name, a name in a folder, two of them, or its third argument."""
CALLS = {
    1: ("write", FD),
    3: ("close", FD),
    18: ("pwrite64", FD),
    20: ("writev", FD),
    40: ("sendfile", FD),
    74: ("fsync", FD),
    75: ("fdatasync", FD),
    77: ("ftruncate", FD),
    91: ("fchmod", FD),
    285: ("fallocate", FD),
    296: ("pwritev", FD),
    326: ("copy_file_range", OUT),
    2: ("open", PATH),
    76: ("truncate", PATH),
    83: ("mkdir", PATH),
    84: ("rmdir", PATH),
    87: ("unlink", PATH),
    90: ("chmod", PATH),
    82: ("rename", PATHS),
    86: ("link", PATHS),
    257: ("openat", AT),
    258: ("mkdirat", AT),
    263: ("unlinkat", AT),
    268: ("fchmodat", AT),
    264: ("renameat", ATS),
    265: ("linkat", ATS),
    316: ("renameat2", ATS),
}
SHORTENED = ("write", "pwrite64")
KILL, SHORT = "kill", "short"

REGISTERS = """
    r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs
"""

_TRACEME, _GETREGS, _SETREGS, _CONT, _SYSCALL, _OPTIONS = 0, 12, 13, 7, 24, 0x4200
_FOLLOW = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x80 | 0x100000
"""Marked stops at calls; fork, vfork, clone, exec, seccomp; killed with the tracer."""
_SECCOMP_STOP, _WALL = 7, 0x40000000
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS, _SECCOMP = 38, 1, 1, 317
_LOAD, _EQUAL, _RETURN, _ALLOW, _TRACE = 0x20, 0x15, 0x06, 0x7FFF0000, 0x7FF00000


class _Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in REGISTERS.split()]


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction))]


@dataclass(frozen=True)
class Call:
    """A system call: its name, the files in the folder that it is about, and the flags or the size it is about."""

    name: str
    files: tuple[str, ...]
    value: int

    @property
    def writes(self) -> bool:
        """Whether it changes something, so that a full disk could refuse it."""
        opened = self.name in ("open", "openat", "close")
        return not opened or bool(self.value & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


@dataclass
class Followed:
    """What a process did, whether a call of it was broken, and how it ended: its exit code, or minus a signal."""

    calls: list[Call] = field(default_factory=list)
    ended: int | None = None
    hung: bool = False
    broken: bool = False


def unsupported() -> str:
    """Why processes cannot be followed here; empty if they can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "needs x86-64 Linux"
    try:
        found = follow(Path("/"), lambda: None, lambda _: os.close(os.open("/", os.O_RDONLY)), limit=5)
    except OSError as error:
        return f"processes cannot be traced here ({error})"
    return "" if found.ended == 0 and found.calls else "processes cannot be traced here"


def follow(
    folder: Path,
    prepare: Callable[[], Any],
    work: Callable[[Any], Any],
    number: int | None = None,
    fault: str | int = KILL,
    limit: float = 60.0,
) -> Followed:
    """Run something in a forked process and follow its calls that are about files of a folder.

    Parameters
    ----------
    folder : path
    prepare, work : callable
        What `prepare` gives is given to `work`, which alone is followed. The process ends with code 1 if it raises.
    number : int, optional
        Of the call that fails; the first is 0.
    fault : 'kill', 'short' or int
        The process is killed (SIGKILL) instead of the call, half of what it should write is written, or an `errno`.
    limit : float
        Seconds after which the process hangs, and is killed.
    """
    child = os.fork()
    if child == 0:
        _be_followed(prepare, work)
    found, processes = Followed(), {child}

    def give_up(*_: object) -> None:
        found.hung = True
        os.kill(child, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        while processes:
            try:
                process, status = os.waitpid(-1, _WALL)
            except ChildProcessError:
                break
            if not os.WIFSTOPPED(status):
                processes.discard(process)
                if process == child:
                    found.ended = os.waitstatus_to_exitcode(status)
                    for other in processes:
                        _kill(other)
                continue
            processes.add(process)
            _stopped(found, folder, child, process, status, number, fault)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return found


def _stopped(
    found: Followed, folder: Path, child: int, process: int, status: int, number: int | None, fault: str | int
) -> None:
    """Let a process go on that has stopped."""
    stop, event = os.WSTOPSIG(status), status >> 16
    if stop == signal.SIGSTOP and not found.calls and process == child:
        _ptrace(_OPTIONS, process, 0, _FOLLOW)
    if event == _SECCOMP_STOP:
        registers = _registers(process)
        call = _call(process, registers, folder)
        if call is not None:
            found.calls.append(call)
            if len(found.calls) - 1 == number and _can_break(call, fault):
                found.broken = True
                _break(process, child, registers, call, fault)
                return
    passed_on = 0 if event or stop in (signal.SIGSTOP, signal.SIGTRAP, signal.SIGTRAP | 0x80) else stop
    _ptrace(_CONT, process, 0, passed_on)


def _can_break(call: Call, fault: str | int) -> bool:
    """Whether a call can be refused: threads may have made their calls in another order than the first time."""
    return fault == KILL or (call.writes and (fault != SHORT or call.name in SHORTENED))


def _break(process: int, child: int, registers: _Registers, call: Call, fault: str | int) -> None:
    """Do what is asked for to a call that a process is about to make."""
    if fault == KILL:
        os.kill(child, signal.SIGKILL)
        return
    if fault == SHORT:
        registers.rdx = max(1, registers.rdx // 2)
    elif call.name == "close":  # closes, and then says that something was wrong
        _ptrace(_SYSCALL, process, 0, 0)
        os.waitpid(process, _WALL)
        registers = _registers(process)
        registers.rax = 2**64 - int(fault)
    else:
        registers.orig_rax, registers.rax = 2**64 - 1, 2**64 - int(fault)
    _ptrace(_SETREGS, process, 0, ctypes.addressof(registers))
    _ptrace(_CONT, process, 0, 0)


def _call(process: int, registers: _Registers, folder: Path) -> Call | None:
    """The call that a process is about to make; None if it is not about files of the folder."""
    name, kind = CALLS[registers.orig_rax]
    first, second, third, fourth = registers.rdi, registers.rsi, registers.rdx, registers.r10
    try:
        files = {
            FD: lambda: [_of_descriptor(process, first)],
            OUT: lambda: [_of_descriptor(process, third)],
            PATH: lambda: [_named(process, None, first)],
            PATHS: lambda: [_named(process, None, first), _named(process, None, second)],
            AT: lambda: [_named(process, first, second)],
            ATS: lambda: [_named(process, first, second), _named(process, third, fourth)],
        }[kind]()
    except OSError:  # a descriptor or an address that is none: the kernel will say so
        return None
    inside = tuple(os.path.relpath(file, folder) for file in files if Path(file).is_relative_to(folder))
    value = {"open": second, "close": _mode(process, first) if name == "close" else 0}.get(name, third)
    return Call(name, inside, value) if inside else None


def _of_descriptor(process: int, descriptor: int) -> str:
    return os.readlink(f"/proc/{process}/fd/{ctypes.c_int32(descriptor & 0xFFFFFFFF).value}")


def _mode(process: int, descriptor: int) -> int:
    """The flags that a file was opened with."""
    lines = Path(f"/proc/{process}/fdinfo/{descriptor}").read_text().split()
    return int(lines[lines.index("flags:") + 1], 8)


def _named(process: int, folder: int | None, address: int) -> str:
    memory = os.open(f"/proc/{process}/mem", os.O_RDONLY)
    try:
        name = b""
        while b"\0" not in name:  # up to the end of a page at a time
            name += os.pread(memory, 4096 - (address + len(name)) % 4096, address + len(name))
    finally:
        os.close(memory)
    path = os.fsdecode(name.partition(b"\0")[0])
    if os.path.isabs(path):
        return path
    here = folder is None or ctypes.c_int32(folder & 0xFFFFFFFF).value == -100
    return os.path.join(os.readlink(f"/proc/{process}/cwd") if here else _of_descriptor(process, folder or 0), path)


def _be_followed(prepare: Callable[[], Any], work: Callable[[Any], Any]) -> None:
    """What the forked process does; it never returns."""
    code = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        _ptrace(_TRACEME, 0, 0, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        given = prepare()
        _stop_at_calls()
        work(given)
        code = 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


def _stop_at_calls() -> None:
    """Ask the kernel to stop this process at the calls of `CALLS`."""
    numbers = sorted(CALLS)
    steps = [(_LOAD, 0, 0, 0)]
    steps += [(_EQUAL, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    steps += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _TRACE)]
    program = _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or library.syscall(
        _SECCOMP, _SET_FILTER, _ALL_THREADS, ctypes.byref(program)
    ):
        raise OSError(ctypes.get_errno(), "the kernel does not stop at calls")


def _registers(process: int) -> _Registers:
    registers = _Registers()
    _ptrace(_GETREGS, process, 0, ctypes.addressof(registers))
    return registers


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _ptrace(request: int, process: int, address: int, data: int) -> None:
    """Ask for something; a process that was killed meanwhile is no error."""
    if _library.ptrace(request, process, address, data) == -1:
        code = ctypes.get_errno()
        if code != 3:
            raise OSError(code, f"ptrace {request}: {os.strerror(code)}")


_library = ctypes.CDLL(None, use_errno=True)
_library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_library.ptrace.restype = ctypes.c_long

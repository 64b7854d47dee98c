"""A worker may do its worst: it is contained, the parent stays healthy, and no process is left."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import anyio
import pytest

from diagnose.embedded.invocation import RuntimeLimits
from diagnose.embedded.runtime import sandbox_available

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sandbox_available() is not None, reason=str(sandbox_available())),
]


def _children() -> set[int]:
    own = os.getpid()
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == own:
                found.add(int(entry.name))
    return found


def _written():
    """What workers have written where the runtime works; another test's folder may end meanwhile."""
    found = []
    for folder in Path("/tmp").glob("diagnose-worker-*"):  # noqa: S108 - where the runtime works
        with suppress(FileNotFoundError):
            found += list(folder.iterdir())
    return found


@pytest.fixture(autouse=True)
def _nothing_is_left(tmp_path):
    before = _children()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert _children() <= before
    assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors
    assert not Path("/tmp/escaped").exists()  # noqa: S108 - what workers try to write
    assert not _written()


async def test_endless_loop_is_stopped_by_processor_time(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=20, cpu_seconds=1)
    invocation = await wrapped.handler("while True: pass")
    assert invocation.outcome == "exceededCpu"
    assert invocation.reason == "it used more than 1 s of processor time"


async def test_endless_loop_is_stopped_by_the_clock(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=1, cpu_seconds=10)
    invocation = await wrapped.handler("while True: pass")
    assert (invocation.outcome, invocation.reason) == ("killed", "it did not end within 1 s")


async def test_signal_of_the_processor_limit_cannot_be_ignored(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=20, cpu_seconds=1)
    invocation = await wrapped.handler(
        "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", imports="import signal"
    )
    assert invocation.outcome == "exceededCpu"


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.sleep(1e9)",
        "while True: await asyncio.sleep(1)",
        "time.sleep(1e9)",
        "while True: time.sleep(1)",
    ],
)
async def test_endless_sleep_ends_at_once(wrapped, line):
    invocation = await wrapped.handler(line, imports="import asyncio, time")
    assert (invocation.outcome, invocation.reason) == ("killed", "its sleeps take longer than 900 s together")
    assert invocation.duration_ms < 15_000


async def test_sleeps_may_take_longer_than_the_wall_clock_together(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=20, cpu_seconds=5)
    invocation = await wrapped.handler(
        "for _ in range(60): await asyncio.sleep(10)\ntime.sleep(290)", imports="import asyncio, time"
    )
    assert (invocation.outcome, invocation.reason) == ("ok", None)


async def test_waiting_for_nothing_is_noticed(wrapped):
    invocation = await wrapped.handler("await asyncio.Future()", imports="import asyncio")
    assert invocation.outcome == "exception"
    assert "had hung and would never generate a response" in invocation.exception.message


async def test_memory_is_bounded(wrapped):
    invocation = await wrapped.handler("hoard = []\nwhile True: hoard.append(bytearray(10_000_000))")
    assert invocation.outcome == "exceededMemory"
    assert invocation.exception.name == "MemoryError"
    assert invocation.exception.location.path == "worker.py"


async def test_a_hundred_megabytes_of_output_are_cut(wrapped):
    invocation = await wrapped.handler(
        """
        for _ in range(100):
            print("x" * 1_000_000)
            os.write(1, b"y" * 1_000_000)
        return "alive"
        """,
        imports="import os",
    )
    assert invocation.outcome == "ok"
    assert invocation.truncated
    assert sum(map(len, invocation.logs)) < 1_000_000


@pytest.mark.parametrize(
    "line",
    [
        "os.fork()",
        "os.forkpty()",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.system('true') and 1/0",
        "os.kill(os.getppid(), 9)",
        "os.kill(-1, 9)",
        "os.killpg(os.getpgrp(), 9)",
        "open('/etc/passwd').read()",
        "os.listdir('/')",
        "open('escaped', 'w')",
        "open('/tmp/escaped', 'w')",
        "os.mkdir('folder')",
        "os.chmod('.', 0o777)",
        "os.symlink('/etc/passwd', 'link')",
        "os.unlink('/tmp/escaped')",
        "os.memfd_create('code')",
        "os.chdir('/')",
        "os.setpriority(os.PRIO_PROCESS, 0, 19)",
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "socket.socketpair()",
    ],
)
async def test_the_kernel_denies(wrapped, line):
    invocation = await wrapped.handler(f"{line}\nreturn 'escaped'", imports="import os, socket, subprocess")
    assert invocation.outcome in {"refused", "exception"}, invocation
    assert invocation.answer is None


@pytest.mark.parametrize(
    "call",
    [
        "libc.socket(2, 1, 0)",
        "libc.fork()",
        "libc.open(b'/etc/passwd', 0)",
        "libc.kill(os.getppid(), 9)",
        "libc.ptrace(16, os.getppid(), 0, 0)",
        "libc.unshare(0x10000000)",
        "libc.syscall(425, 1, 0)",
        "libc.setrlimit(0, (ctypes.c_ulong * 2)(99, 99))",
        "libc.execve(b'/bin/true', None, None)",
        "libc.syscall(321, 0, 0, 0)",
        "libc.mount(b'x', b'/', b'tmpfs', 0, 0)",
    ],
)
async def test_ctypes_is_no_way_out(wrapped, call):
    answer = await wrapped.value(
        f"""
        libc = ctypes.CDLL(None, use_errno=True)
        return [{call}, ctypes.get_errno()]
        """,
        imports="import ctypes, os",
    )
    assert answer[0] == -1
    assert answer[1] in {1, 13}


async def test_foreign_system_calls_kill(wrapped):
    if os.uname().machine != "x86_64":
        pytest.skip("x32 exists on x86_64 only")
    invocation = await wrapped.handler("ctypes.CDLL(None).syscall(0x40000000 + 39)", imports="import ctypes")
    assert (invocation.outcome, invocation.reason) == ("killed", "its process was ended by signal SIGSYS")


async def test_limits_cannot_be_raised(wrapped):
    answer = await wrapped.value(
        """
        before = resource.getrlimit(resource.RLIMIT_CPU)
        try:
            resource.setrlimit(resource.RLIMIT_CPU, (99, 99))
        except (OSError, ValueError) as error:
            return [type(error).__name__, list(before)]
        """,
        imports="import resource",
    )
    assert answer == ["ValueError", [5, 6]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("os.kill(os.getpid(), 9)", "its process was ended by signal SIGKILL"),
        ("os.abort()", "its process was ended by signal SIGABRT"),
        ("os._exit(3)", "its process ended itself with code 3"),
        ("os._exit(0)", "its process ended itself with code 0"),
        ("os.closerange(0, 64)", "its process ended itself with code 1"),
        ("ctypes.string_at(0)", "its process was ended by signal SIGSEGV"),
    ],
)
async def test_ending_itself_is_reported(wrapped, line, reason):
    invocation = await wrapped.handler(line, imports="import ctypes, os")
    assert (invocation.outcome, invocation.reason) == ("killed", reason)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("sys.exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise BaseException('bare')", "BaseException"),
        ("raise GeneratorExit", "GeneratorExit"),
    ],
)
async def test_base_exceptions_are_exceptions(wrapped, line, name):
    invocation = await wrapped.handler(line, imports="import sys")
    assert (invocation.outcome, invocation.exception.name) == ("exception", name)
    assert invocation.exception.location.line is not None


async def test_recursion_without_end(wrapped):
    invocation = await wrapped.handler("def again(): again()\nagain()")
    assert (invocation.outcome, invocation.exception.name) == ("exception", "RecursionError")


async def test_recursion_beyond_the_stack_is_contained(wrapped):
    wrapped.limits = RuntimeLimits(wall_seconds=10, cpu_seconds=5)
    invocation = await wrapped.handler(
        "sys.setrecursionlimit(10**9)\nvalue = []\nfor _ in range(10**6): value = [value]\nrepr(value)",
        imports="import sys",
    )
    assert invocation.outcome in {"killed", "exception", "exceededMemory", "exceededCpu"}


async def test_threads_cannot_start(wrapped):
    answer = await wrapped.value(
        """
        try:
            threading.Thread(target=print).start()
        except RuntimeError as error:
            return str(error)
        """,
        imports="import threading",
    )
    assert answer == "can't start new thread"


async def test_environment_and_arguments_are_empty(wrapped, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "do-not-leak")
    answer = await wrapped.value(
        "return [dict(os.environ), sys.argv, os.getenv('HOME')]", imports="import os, sys"
    )
    assert answer == [{}, ["worker"], None]
    denied = await wrapped.handler("return open('/proc/self/environ').read()")
    assert denied.outcome == "refused"


async def test_descriptors_of_the_parent_are_closed(wrapped, tmp_path):
    with (tmp_path / "secret").open("w+") as secret:
        os.set_inheritable(secret.fileno(), True)  # noqa: FBT003 - the standard library's signature
        answer = await wrapped.value(
            """
            found = []
            for number in range(64):
                try:
                    found.append([number, os.fstat(number).st_size])
                except OSError:
                    pass
            return len(found)
            """,
            imports="import os",
        )
    assert answer == 4  # stdin (/dev/null), stdout, stderr, the connection


async def test_terminal_escapes_are_made_visible(wrapped):
    invocation = await wrapped.handler(
        r"""
        print("\x1b[31mred\x1b]0;title\x07 \u202e")
        raise ValueError("\x1b[2Jgone")
        """
    )
    assert invocation.logs == (r"\x1b[31mred\x1b]0;title\x07 \u202e",)
    assert invocation.exception.message == r"\x1b[2Jgone"
    assert "\x1b" not in repr(invocation.exception.traceback)


FORGE = """
import json, os
def write(frame):
    content = frame if isinstance(frame, bytes) else json.dumps(frame).encode()
    for number in range(3, 64):
        try:
            os.fstat(number)
        except OSError:
            continue
        os.write(number, len(content).to_bytes(4, "big") + content)
"""


@pytest.mark.parametrize(
    "frame",
    [
        "b'garbage'",
        "b'[1, 2]'",
        "b'{}'",
        "{'op': 'finding', 'code': 'LIM001'}",
        "{'op': 'd1', 'binding': 'OTHER', 'method': 'run', 'statements': [{'sql': 'SELECT 1'}]}",
        "{'op': 'd1', 'binding': 'DB', 'method': 'drop', 'statements': [{'sql': 'SELECT 1'}]}",
        "{'op': 'd1', 'binding': 'DB', 'method': 'run', 'statements': [7]}",
        "{'op': 'd1', 'binding': 'DB', 'method': 'run', 'statements': [{'sql': 1}]}",
        "{'op': 'bind', 'binding': 'DB', 'sql': 'x', 'values': [{'evil': 1}]}",
        "{'op': 'response', 'status': 'x', 'headers': {}, 'body': ''}",
        "{'op': 'send', 'binding': 'QUEUE', 'messages': [{'type': 'xml', 'body': ''}]}",
    ],
)
async def test_forged_frames_end_the_invocation(wrapped, frame):
    invocation = await wrapped.handler(f"write({frame})\nreturn 'forged'", imports=FORGE)
    assert invocation.outcome == "killed"
    assert invocation.reason.startswith("it wrote to the runtime's own connection: ")


async def test_a_huge_frame_is_not_read(wrapped):
    invocation = await wrapped.handler(
        """
        for number in range(3, 64):
            try:
                os.write(number, bytes([255] * 4))
            except OSError:
                pass
        """,
        imports="import os",
    )
    assert invocation.outcome == "killed"
    assert "4294967295 bytes in one frame" in invocation.reason


async def test_forged_places_are_ignored(wrapped):
    frame = "{'op': 'log', 'level': 'log', 'text': 'hi', 'at': ['/etc/passwd', 1]}"
    invocation = await wrapped.handler(f"write({frame})\nreturn 1", imports=FORGE)
    assert invocation.outcome == "ok"
    assert [event.location for event in invocation.events if event.kind == "log"] == [None]


async def test_cancelling_the_invocation_kills_the_worker(wrapped):
    with anyio.move_on_after(1.0) as scope:
        await wrapped.handler("while True: pass")
    assert scope.cancelled_caught

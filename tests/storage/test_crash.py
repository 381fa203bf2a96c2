"""Whatever happens while a file is written, the old file or the new one is there, whole."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lumentrace import LineData, PointData, load, save
from lumentrace.base import files
from lumentrace.base.files import replacing
from lumentrace.storage import checksum, to_csv, to_parquet, to_vtp

posix = pytest.mark.skipif(os.name != "posix", reason="needs fork, SIGKILL and resource limits")


def version(number, rows=300):
    return PointData(np.full((rows, 4), float(number)), _lines=LineData(np.full((rows, 7), number)), number=number)


def check(table):
    """The number of the version, after making sure that the table is that version and nothing else."""
    number = table.attrs["number"]
    assert (table.data == number).all()
    assert (table.attrs["_lines"].data == number).all()
    return number


def run(script, *arguments, timeout=120):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1]), *sys.path])},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------------- replacing
def test_replacing_flushes_before_and_after(tmp_path, monkeypatch):
    """Power loss cannot be tried here; the order of the calls that guard against it can be."""
    calls = []

    def spy(name):
        real = getattr(os, name)

        def called(*arguments):
            target = arguments[0]
            if isinstance(target, int):
                target = "folder" if stat.S_ISDIR(os.fstat(target).st_mode) else f"file of {os.fstat(target).st_size}"
            calls.append((name, str(target)))
            return real(*arguments)

        monkeypatch.setattr(os, name, called)

    spy("fsync")
    spy("replace")
    with replacing(tmp_path / "a") as file:
        file.write(b"x" * 100)
        partial = file.name
        assert Path(partial).parent == tmp_path
        assert partial.endswith(".partial")
    assert calls == [("fsync", "file of 100"), ("replace", partial), ("fsync", "folder")]


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_replacing_keeps_the_old_file_after_an_exception(tmp_path, kind):
    (tmp_path / "a").write_bytes(b"old")

    def fail():
        with replacing(tmp_path / "a") as file:
            file.write(b"new")
            raise kind

    with pytest.raises(kind):
        fail()
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a": b"old"}


@posix
def test_replacing_keeps_permissions_and_follows_links(tmp_path):
    os.umask(previous := os.umask(0))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_bytes(b"old")
    (tmp_path / "folder" / "a").chmod(0o640)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "a")
    with replacing(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "folder" / "a").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "folder" / "a").stat().st_mode) == 0o640
    with replacing(tmp_path / "fresh") as file:
        file.write(b"new")
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o666 & ~previous


@posix
def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    """Two processes write the same file; only what the dead one left goes."""
    script = """
        import os, sys
        from lumentrace.base.files import replacing
        with replacing(sys.argv[1]):
            with replacing(sys.argv[1]):
                if os.fork() == 0:
                    os.kill(os.getpid(), 9)
                os.wait()
                os._exit(0)
    """
    run(script, tmp_path / "a")
    with replacing(tmp_path / "a") as file:
        file.write(b"one")
        assert len(list(tmp_path.iterdir())) == 1
        with replacing(tmp_path / "a") as other:
            other.write(b"two")
            assert len(list(tmp_path.iterdir())) == 2
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {"a": b"one"}


def test_errors_of_the_disk_name_the_file(tmp_path, monkeypatch):
    def fail(error):
        with replacing(tmp_path / "a"):
            raise error

    for error in (OSError(errno.EIO, "Input/output error"), OSError("No space left on device (os error 28)")):
        with pytest.raises(OSError, match=r"\[Errno (5|28)\] .*/a'"):
            fail(error)
    with pytest.raises(OSError, match=r"^about something else$"):
        fail(OSError("about something else"))
    with pytest.raises(FileNotFoundError, match="/none/a'"), replacing(tmp_path / "none" / "a"):
        pass
    flush = os.fsync

    def flushed(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, "Input/output error")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", flushed)
    with pytest.raises(OSError, match="/a'"), replacing(tmp_path / "a") as file:
        file.write(b"new")


@posix
def test_replacing_refuses_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", OSError), (Path("/dev/null"), OSError), (tmp_path, IsADirectoryError)):
        with pytest.raises(kind), replacing(path):
            pytest.fail("must not get here")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert Path("/dev/null").is_char_device()


def test_two_writers_of_one_file(tmp_path):
    with replacing(tmp_path / "a") as one, replacing(tmp_path / "a") as two:
        one.write(b"one")
        two.write(b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    assert len(list(tmp_path.iterdir())) == 1


# ---------------------------------------------------------------------- errors while writing
class Failing:
    """A file whose k-th write, flush or seek fails, as on a full disk."""

    def __init__(self, file, failure, k):
        self.file, self.failure, self.left = file, failure, k

    def __getattr__(self, name):
        attribute = getattr(self.file, name)
        if name not in ("write", "flush", "seek", "truncate", "fileno"):
            return attribute

        def counted(*arguments):
            self.left -= 1
            if self.left == 0:
                raise self.failure
            return attribute(*arguments)

        return counted

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.file.close()


WRITERS = {
    "container": save,
    "compressed": lambda path, table: save(path, table, compress=True),
    "csv": to_csv,
    "parquet": to_parquet,
    "vtp": to_vtp,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_every_write_may_fail(tmp_path, monkeypatch, writer, failure):
    write = WRITERS[writer]
    path = tmp_path / "a"
    write(path, version(1))
    old = path.read_bytes()
    write(path, version(2))
    new = path.read_bytes()
    path.write_bytes(old)
    descriptors = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0
    failures, real_open = 0, open
    for k in range(1, 1000):
        monkeypatch.setattr(files, "open", lambda *a, k=k: Failing(real_open(*a), failure, k), raising=False)
        raised = None
        try:
            write(path, version(2))
        except type(failure) as error:
            raised = error
        if raised is None:
            break
        failures += 1
        assert raised is failure
        assert path.read_bytes() == old
        assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert path.read_bytes() == new
    assert failures >= 3
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) <= descriptors + 2


def test_a_failed_save_stops_early(tmp_path, monkeypatch):
    blocks = []
    monkeypatch.setattr(checksum, "_digest", lambda block: blocks.append(block.shape) or bytes(32))
    full = OSError(errno.ENOSPC, "No space left on device")
    real_open = open
    monkeypatch.setattr(files, "open", lambda *a: Failing(real_open(*a), full, 10), raising=False)
    with pytest.raises(OSError, match="No space left"):
        save(tmp_path / "a", np.ones((1_000_000, 5)))
    assert len(blocks) <= 5 < 10


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_every_step_of_replacing_may_fail(tmp_path, monkeypatch, call):
    save(tmp_path / "a", version(1))

    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(OSError, match="No space left"):
            save(tmp_path / "a", version(2))
    assert check(load(tmp_path / "a")) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_the_interpreter_ends_in_good_order_after_failures(tmp_path):
    """Exceptions that live until the end, and in a cycle, must not take HDF5's callbacks with them."""
    save(tmp_path / "a", version(1))
    (tmp_path / "b").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    script = """
        import builtins, errno, sys
        from lumentrace import load, save
        from lumentrace.base import files
        from test_crash import Failing, version
        kept = []
        for compress in (False, True):
            for k in range(1, 100):
                full = OSError(errno.ENOSPC, "full")
                files.open = lambda *a: Failing(builtins.open(*a), full, k)
                try:
                    save(sys.argv[1], version(2), compress=compress)
                    break
                except OSError as error:
                    kept.append({"error": error, "all": kept})
        for path in sys.argv[1:]:
            content = builtins.open(path, "rb").read()
            for position in range(0, len(content), 50):
                with builtins.open(sys.argv[2], "wb") as file:
                    file.write(content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :])
                try:
                    load(sys.argv[2])
                except ValueError as error:
                    error.kept = [error, kept]
                    kept.append(error)
        assert len(kept) > 50
    """
    run(script, tmp_path / "a", tmp_path / "b")


@posix
def test_a_limit_of_the_system_on_the_size_of_files(tmp_path):
    """The same, with errors that the system itself makes, at any size."""
    save(tmp_path / "a", version(1))
    size = (tmp_path / "a").stat().st_size
    script = """
        import os, resource, sys
        from lumentrace import load, save
        from test_crash import check, version
        path, size = sys.argv[1], int(sys.argv[2])
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        failed = 0
        for limit in [*range(0, size, size // 60), size - 1, size]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                save(path, version(2))
            except OSError:
                failed += 1
                assert limit < size and check(load(path)) == 1
            assert len(os.listdir(os.path.dirname(path))) == 1
        assert check(load(path)) == 2
        print(failed)
    """
    assert int(run(script, tmp_path / "a", size)) >= 60


# ---------------------------------------------------------------------- kill -9
@posix
def test_kill_at_any_moment(tmp_path):
    """200 processes that save in a loop are killed; after each, one whole version is there."""
    save(tmp_path / "a", version(0))
    script = """
        import os, random, signal, sys, time
        from pathlib import Path
        from lumentrace import load, save
        from test_crash import check, version
        path, random = Path(sys.argv[1]), random.Random(1)
        last, seen, interrupted = 0, set(), 0
        started = time.perf_counter()
        for _ in range(5):
            save(path, version(0))
        once = (time.perf_counter() - started) / 5
        for trial in range(200):
            child = os.fork()
            if child == 0:
                number = last
                while True:
                    number += 1
                    save(path, version(number))
            time.sleep(random.uniform(0, 4 * once))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            number = check(load(path))
            assert number >= last, (number, last)
            seen.add(number - last)
            last = number
            for left in path.parent.glob("*.partial"):
                interrupted += 1
                left.unlink()
            assert [p.name for p in path.parent.iterdir()] == [path.name]
        print(min(seen), max(seen), interrupted)
    """
    least, most, interrupted = map(int, run(script, tmp_path / "a").split())
    assert least == 0 < most
    assert interrupted >= 20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_table_on_disk_is_saved_in_little_memory(tmp_path):
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", shape=(3_000_000, 7))
    rows[:] = 1
    rows.flush()
    script = """
        import re, sys
        import numpy as np
        from lumentrace import LineData, load, save
        def peak():
            return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
        save(sys.argv[1], np.ones(10))
        before = peak()
        save(sys.argv[1], LineData(np.load(sys.argv[2], mmap_mode="r")))
        print(peak() - before)
    """
    assert int(run(script, tmp_path / "a", tmp_path / "rows.npy")) < rows.nbytes / 3


def test_reading_while_the_file_is_replaced(tmp_path):
    save(tmp_path / "a", version(0))
    done = threading.Event()
    written = []

    def write():
        for number in range(1, 150):
            save(tmp_path / "a", version(number))
            written.append(number)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = []
    while not done.is_set():
        mapped = load(tmp_path / "a", memory_map=True)
        seen.append(check(load(tmp_path / "a")))
        assert check(mapped) <= seen[-1]
    writer.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert check(load(tmp_path / "a")) == 149


def test_threads_do_not_disturb_each_other(tmp_path):
    def work(number):
        for i in range(15):
            save(tmp_path / f"{number}", version(100 * number + i))
            assert check(load(tmp_path / f"{number}")) == 100 * number + i
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))

"""Writers that are killed at a system call, or are refused one, leave the old file or the new one, and can go on.

Here are a few trials of each writer that is quick; ``make faults`` makes all of all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import writing
from trials import LEAST
from writers import ROOMS, Writer

KILLS = int(os.environ.get("LUMENTRACE_FAULT_KILLS", "0"))
"""For each writer at least, beside all other trials; 0 for a few trials of those that are quick."""
SECONDS = 0 if KILLS else 0.1
"""For each writer; 0 for any time."""
HERE = Path(writing.__file__).parent


@pytest.fixture(scope="module", autouse=True)
def _tracing() -> None:
    """Asked in a process of its own, whose only children are those that are followed."""
    found = own_process("-c", "import tracing; print(tracing.unsupported())").strip()
    if found:
        pytest.skip(found)


def own_process(*arguments: str) -> str:
    """What Python says to arguments in the folder of the tests."""
    done = subprocess.run([sys.executable, *arguments], check=False, capture_output=True, text=True, cwd=HERE)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("room", ROOMS)
def test_old_or_new_and_again_the_same(tmp_path: Path, room: str) -> None:
    table: dict[str, Writer] = import_module(f"writers.{room}").WRITERS
    names = [name for name, writer in table.items() if KILLS or not writer.slow]
    answer = tmp_path / "found.jsonl"
    own_process("writing.py", room, "1", str(SECONDS), str(KILLS), str(answer), *names)
    found = [json.loads(line) for line in answer.read_text().splitlines()]
    for each in found:
        print(each["writer"], each["seconds"], {name: value for name, value in each["found"].items() if name != "told"})
    assert [each["writer"] for each in found] == [f"{room}: {name}" for name in names]
    assert [f"{each['writer']}: {text}" for each in found for text in each["found"]["told"]] == []
    assert all(each["found"]["kills"] + each["found"]["refused"] >= LEAST for each in found)


def test_trials_go_on_where_they_were_ended(tmp_path: Path) -> None:
    """Those of one that is ended by a signal, which raises SystemExit."""
    code = (
        "import itertools, sys, writing\n"
        "from pathlib import Path\n"
        "from writers.storage import WRITERS\n"
        "folder, tried = Path(sys.argv[1]), writing.tried\n"
        "def cut(*given):\n"
        "    yield from itertools.islice(tried(*given), 70)\n"
        "    sys.exit()\n"
        "for writing.tried in (cut, tried):\n"
        "    try:\n"
        "        writing.run(WRITERS['replacing'], 'it', folder, 1, 0.0, 0, folder / 'found.jsonl')\n"
        "    except SystemExit:\n"
        "        pass\n"
    )
    own_process("-c", code, str(tmp_path))
    ended, whole = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    assert (ended["made"], ended["whole"], whole["whole"]) == (70, False, True)
    assert 70 < whole["made"] == whole["found"]["kills"] + whole["found"]["refused"] < 100
    assert whole["found"]["kills"] > 20
    assert whole["found"]["told"] == []


def careless(folder: Path, version: int) -> None:
    """Writes over what is there, in two calls, and passes over errors."""
    descriptor = os.open(folder / "a.txt", os.O_WRONLY | os.O_CREAT)
    for _ in range(2):
        try:
            os.write(descriptor, str(version).encode() * 10)
        except OSError:
            continue


def untidy(folder: Path, version: int) -> None:
    """Leaves what it had not finished, with an error that names no file."""
    partial = folder / f"a-{os.getpid()}.partial"
    try:
        partial.write_text(str(version) * 10)
        os.replace(partial, folder / "a.txt")
    except OSError as error:
        raise OSError(error.errno, "no") from None


@pytest.mark.parametrize(
    ("write", "wrong"),
    [(careless, {"damaged"}), (untidy, {"left", "untold"})],
    ids=["careless", "untidy"],
)
def test_the_trials_find_what_is_wrong(tmp_path: Path, write: object, wrong: set[str]) -> None:
    """In a process of its own, as forked ones must not have threads of others."""
    code = (
        "import json, sys\n"
        "from pathlib import Path\n"
        "from faults import test_killed_writers as own\n"
        "from writers import Writer\n"
        "from writing import tried\n"
        "*_, found = tried(Writer(getattr(own, sys.argv[1]), ()), Path(sys.argv[2]), 1)\n"
        "print(json.dumps(found.told))\n"
    )
    name = getattr(write, "__name__", "")
    found = json.loads(own_process("-c", code, name, str(tmp_path)))
    assert wrong <= {text.partition(":")[0] for text in found}


def test_what_happens_to_calls(tmp_path: Path) -> None:
    """The k-th call is the one that fails, in a thread too; a write that is cut short says how much it wrote."""
    code = (
        "import errno, json, os, sys, threading\n"
        "from pathlib import Path\n"
        "from tracing import follow\n"
        "folder = Path(sys.argv[1])\n"
        "def work(_):\n"
        "    descriptor = os.open(folder / 'a', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)\n"
        "    written = os.write(descriptor, b'0123456789')\n"
        "    writer = threading.Thread(target=os.write, args=(descriptor, b'x' * written))\n"
        "    writer.start(), writer.join()\n"
        "    os.close(descriptor)\n"
        "seen = []\n"
        "for number, fault in [(None, 'kill'), (0, errno.ENOSPC), (1, 'short'), (2, 'kill'), (3, errno.EIO)]:\n"
        "    (folder / 'a').unlink(missing_ok=True)\n"
        "    found = follow(folder, lambda: None, work, number, fault)\n"
        "    size = (folder / 'a').stat().st_size if (folder / 'a').exists() else None\n"
        "    seen.append((found.ended, size, [call.name for call in found.calls]))\n"
        "print(json.dumps(seen))\n"
    )
    said = own_process("-c", code, str(tmp_path))
    calls = ["openat", "write", "write", "close"]
    assert json.loads(said) == [
        [0, 20, calls],
        [1, None, calls[:1]],
        [0, 10, calls],
        [-9, 10, calls[:3]],
        [1, 20, calls],
    ]

"""What a live run leaves on the disk, whatever ends it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from live_updates import WHEEL, update, updates
from lumentrace.base.errors import CutOffWarning, FormatError
from lumentrace.pept import scanners, simulation
from lumentrace.pept.live import Record, finish, recorded, watch
from lumentrace.pept.recipes import Lines
from lumentrace.pept.run import Settings, run
from lumentrace.pept.sources import Block
from lumentrace.pept.utilities.framed import FramedFile, FramedReader

COLUMNS = {"t": "ms", "x": "mm"}
LIVING = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from live_updates import updates
from lumentrace.pept.live import Record, watch

def slowly():
    for update in updates(until=1e9):
        time.sleep(0.01)
        print(update.time, flush=True)
        yield update

watch(slowly(), record=Record(Path(sys.argv[2]), "test", {"tracers": 2}))
"""


def rows_of(path: Path) -> np.ndarray:
    found = list(FramedReader(path).rows())
    return np.concatenate(found) if found else np.empty((0, 2))


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[int]]:
    """Ten frames of three rows, and where each ends."""
    path, ends = tmp_path / "a.frames", []
    file = FramedFile(path, COLUMNS)
    for number in range(10):
        file.rows(np.full((3, 2), float(number)))
        ends.append(path.stat().st_size)
    file.close()
    return path, ends


def test_a_file_that_is_cut_off_anywhere_gives_all_whole_frames(written):
    path, ends = written
    whole = path.read_bytes()
    head = ends[0] - (ends[1] - ends[0])
    for size in range(head, len(whole), 3):
        path.write_bytes(whole[:size])
        reader = FramedReader(path)
        found = [rows[0, 0] for rows in reader.rows()]
        complete = sum(end <= size for end in ends)
        assert found == list(range(complete))
        assert reader.torn == size - max([head, *(end for end in ends if end <= size)])


def test_a_byte_that_is_wrong_costs_its_own_frame(written):
    path, ends = written
    whole = bytearray(path.read_bytes())
    for place in range(ends[3], ends[4]):
        spoilt = whole.copy()
        spoilt[place] ^= 0x20
        path.write_bytes(spoilt)
        reader = FramedReader(path)
        assert [rows[0, 0] for rows in reader.rows()] == [0, 1, 2, 3, 5, 6, 7, 8, 9]
        assert reader.damaged == ends[4] - ends[3]


def test_a_file_without_a_head_is_refused_by_name(tmp_path):
    (tmp_path / "b.frames").write_bytes(b"t,x\n1,2\n")
    with pytest.raises(FormatError, match=r"b\.frames: expected a file of frames"):
        FramedReader(tmp_path / "b.frames")


def test_a_full_disk_is_told_by_name_and_leaves_whole_frames(tmp_path, monkeypatch):
    """RLIMIT_FSIZE refuses a part of a frame, as a full disk does."""
    code = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from lumentrace.pept.sources import Block
from lumentrace.pept.utilities.framed import FramedFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
file = FramedFile(Path(sys.argv[1]), {"t": "ms", "x": "mm"})
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
for number in range(1000):
    file.rows(np.full((50, 2), float(number)))
"""
    path = tmp_path / "c.frames"
    ended = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert f"OSError: [Errno {errno.EFBIG}]" in ended.stderr
    assert str(path) in ended.stderr
    reader = FramedReader(path)
    assert [rows[0, 0] for rows in reader.rows()] == list(range(12))
    assert (reader.torn, reader.damaged) == (0, 0)


def test_a_full_disk_ends_a_live_run_and_what_was_written_can_be_finished(tmp_path, monkeypatch):
    record = Record(tmp_path, "test", {"tracers": 2}, clock=iter(np.arange(0, 1e4, 0.1)).__next__)
    real = FramedFile.rows

    def full(self, rows):
        if rows[0, 0] > 1000:
            raise OSError(errno.ENOSPC, "No space left on device", str(self.path))
        real(self, rows)

    monkeypatch.setattr(FramedFile, "rows", full)
    with pytest.raises(OSError, match=r"No space left on device.*locations\.frames"):
        watch(updates(), record=record)
    assert record.waiting > 0
    monkeypatch.undo()
    outcome = finish(tmp_path)
    assert len(outcome.trajectories.points) == record.locations > 0
    assert 800 < outcome.trajectories["t"].max() < 1200


def test_a_killed_run_loses_at_most_a_second(tmp_path):
    here = Path(__file__).parent.parent
    with subprocess.Popen([sys.executable, "-c", LIVING, here, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        told = [float(process.stdout.readline())]
        began = time.monotonic()
        while time.monotonic() - began < 1.2:
            told.append(float(process.stdout.readline()))
        process.kill()
    seconds_ago = told[-1] - 20 * 100  # an update is 20 ms of the run and takes 10 ms at least
    outcome = finish(tmp_path)
    assert outcome.trajectories["t"].max() >= seconds_ago
    assert outcome.figures()["trajectories"] == 2


def test_a_run_is_finished_from_its_locations(tmp_path):
    all_of_them = list(updates())
    told = watch(
        [replace(all_of_them[0], notices=("a gap of 3 ms",)), *all_of_them[1:]],
        record=Record(tmp_path, "tcp://a:1", {"tracers": 2}),
    )
    outcome = finish(tmp_path)
    expected = np.concatenate([each.smoothed.points for each in all_of_them])
    assert outcome.trajectories.points.tobytes() == expected.tobytes()
    assert told.smoothed == len(expected)
    assert outcome.notices == ("a gap of 3 ms",)
    assert outcome.figures()["lines"] == 200_000
    assert outcome.figures()["lines explained"] == 0.5
    assert [reason.level for reason in outcome.verdict.reasons] == ["doubtful"]
    assert "not kept" in outcome.verdict.reasons[0].text
    outcome.save(tmp_path)
    assert {"trajectories.parquet", "trajectories.csv", "trajectories.vtp", "report.html", "run.json"} <= set(
        os.listdir(tmp_path)
    )
    assert json.loads((tmp_path / "run.json").read_text())["settings"]["tracers"] == 2


def test_lines_that_were_kept_are_tracked_offline(tmp_path):
    lines = simulation.simulate(list(WHEEL), n=8000, noise=0.4, seed=1).lines
    record = Record(tmp_path, "test", {"tracers": 2}, lines=True)
    blocks = [Block(rows) for rows in np.array_split(lines.lines, 37)]
    with recorded(blocks, record, "test", drop=False) as same:
        assert sum(len(block.rows) for block in same) == 8000
    record.close()
    again = scanners.lines(tmp_path / "lines.frames", verbose=False)
    assert again.lines.tobytes() == lines.lines.tobytes()
    outcome = finish(tmp_path)
    assert outcome.trajectories.points.tobytes() == run(lines, Settings(Lines(2))).trajectories.points.tobytes()


def test_lines_that_come_too_fast_to_be_tracked_are_kept_all_the_same(tmp_path):
    """The tracker takes nothing for a second; the queue holds lines for half of one."""
    record = Record(tmp_path, "test", {}, lines=True)

    def source():
        for number in range(40):
            time.sleep(0.025)
            yield Block(np.full((10, 7), float(number)), dropped=3 if number == 5 else 0)

    with recorded(source(), record, "test", drop=True) as blocks:
        got = [next(blocks)]
        time.sleep(1.0)
        got += list(blocks)
    for each in got:
        record.add(update(1.0, notices=each.notices))
    record.close()
    lines = sum(len(block.rows) for block in got)
    assert lines < 400
    assert lines + sum(block.dropped for block in got) == 403
    assert len(rows_of(tmp_path / "lines.frames")) == 400
    assert "3 lines were dropped by the source before they could be kept" in finish(tmp_path).notices


def test_lines_whose_end_is_cut_off_are_read_with_a_warning(tmp_path):
    record = Record(tmp_path, "test", {}, lines=True)
    for number in range(3):
        record.keep(np.full((4, 7), float(number)))
        record.write()
    record.close()
    path = tmp_path / "lines.frames"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(CutOffWarning, match=r"lines\.frames: its end is cut off"):
        assert len(scanners.lines(path, verbose=False).lines) == 8


def test_a_record_may_be_closed_twice_and_takes_nothing_after_that(tmp_path):
    record = Record(tmp_path, "test", {}, lines=True)
    record.add(update(1.0))
    record.keep(np.ones((3, 7)))
    record.close()
    record.keep(np.ones((2**18, 7)))
    record.close()
    assert len(rows_of(tmp_path / "lines.frames")) == 3


def test_a_folder_with_a_live_run_is_not_written_over(tmp_path):
    Record(tmp_path, "test", {}).close()
    with pytest.raises(FileExistsError, match=r"lumentrace pept track"):
        Record(tmp_path, "test", {})


def test_a_folder_without_a_live_run_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"live\.json"):
        finish(tmp_path)


def test_a_run_without_a_single_update_is_not_reliable(tmp_path):
    Record(tmp_path, "test", {"tracers": 1}).close()
    outcome = finish(tmp_path)
    assert outcome.verdict.level == "not reliable"
    assert np.isnan(outcome.figures()["lines"])
    assert outcome.save(tmp_path)


def test_notices_of_a_long_run_are_not_all_told_again(tmp_path):
    run = [update(20.0 * number, notices=(f"gap {number}",)) for number in range(150)]
    watch(run, record=Record(tmp_path, "test", {}))
    assert finish(tmp_path).notices == (*(f"gap {number}" for number in range(100)), "and 50 more notices")


def test_dropped_lines_make_a_run_doubtful(tmp_path):
    watch((replace(each, dropped=20_000) for each in updates()), record=Record(tmp_path, "test", {}))
    assert any("oldest were dropped" in reason.text for reason in finish(tmp_path).verdict.reasons)


def test_a_run_that_was_killed_while_it_began(tmp_path: Path) -> None:
    """Before its head was there, nobody could finish it, and it must not be in the way; rows never go."""
    with Record(tmp_path, "a source", {}, lines=True):
        pass
    (tmp_path / "live.json").unlink()
    (tmp_path / "lines.frames").write_bytes(b"")
    with Record(tmp_path, "another", {}, lines=True) as record:
        record.keep(np.ones((3, 7)))
    (tmp_path / "live.json").unlink()
    with pytest.raises(FileExistsError, match=r"lines\.frames"):
        Record(tmp_path, "a third", {}, lines=True)
    assert next(FramedReader(tmp_path / "lines.frames").rows()).shape == (3, 7)

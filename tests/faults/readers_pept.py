"""Readers of PEPT: scanners, text, streams, live runs, results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import scanner_files
from faults.reader import Read, Reader, folder_of, one, text
from lines_sent import ROWS, as_stream, as_text, collected
from lines_sent import read as streamed
from live_updates import updates
from lumentrace import LineData, storage
from lumentrace.cli.pept_occupancy import _read as trajectories
from lumentrace.pept import data_set, run, scan_trajectories, scanners, simulation, utilities
from lumentrace.pept.live import Record, finish, watch
from lumentrace.pept.saved import load_outcome
from lumentrace.pept.scanners import any_file
from lumentrace.pept.scanners.layout import layout
from lumentrace.pept.scanners.sample_header import read_header
from lumentrace.pept.simulation.adac_file import write_adac
from lumentrace.pept.sources.sniffing import Hints, Sniffer
from lumentrace.pept.utilities.framed import FramedFile, FramedReader
from lumentrace.pept.utilities.text_source import TextSource

FEW = ROWS[:60]


def quiet(read: Callable[..., Any], **settings: Any) -> Read:
    return lambda path: read(path, verbose=False, **settings)


LIST_MODE = np.random.default_rng(5).integers(0, 2**32, 400, dtype="<u4")


def adac(path: Path) -> None:
    rows = FEW.copy()
    rows[:, [3, 6]] = -10, 510
    write_adac(path, LineData(rows), 500)


def modular(path: Path) -> None:
    words = LIST_MODE.copy()
    words[::40] = 0xFACEFACE
    path.write_bytes(bytes(1000) + words.tobytes())


def screens(path: Path) -> None:
    np.savetxt(path, FEW[:, [0, 1, 2, 4, 5]], fmt="%.6g")


def coincidence(event: int, time: float) -> str:
    single = f"0 {event} 0   1.5 -2e0 3 0 0 0  {time!r}   0.511  1 2 {event}  0 0 0 0   water  NULL"
    return f"{single}  {single}"


def headed(path: Path) -> None:
    path.write_text("t,x1,y1,z1,x2,y2,z2\n" + as_text(FEW).decode().replace(" ", ","))


def tracked(folder: Path) -> None:
    lines = simulation.simulate([simulation.Static()], n=3000, noise=0.2, seed=1).lines
    np.save(folder / "lines.npy", lines.lines)
    run.run(any_file.read(folder / "lines.npy")).save(folder / "results")


def parts(folder: Path) -> None:
    lines = simulation.simulate([simulation.Static()], n=2000, noise=0.2, seed=1).lines
    found = run.run(lines).trajectories
    data_set.write(folder / "trajectories", found)


def live(folder: Path, lines: bool) -> None:
    record = Record(folder / "live", "tcp://here:1", {"tracers": 2}, lines=lines)
    if lines:
        record.keep(ROWS[:2000], 0)
    watch(updates(until=400.0), record=record)


def framed(path: Path) -> None:
    file = FramedFile(path, {"t": "ms", "x": "mm"})
    for number in range(6):
        file.rows(np.full((3, 2), float(number)))
    file.note({"a": 1})
    file.close()


def frames(path: Path) -> Any:
    reader = FramedReader(path)
    return list(reader.rows()), list(reader.notes()), list(reader.notices())


def fed(path: Path) -> Any:
    reader = Sniffer(str(path), Hints())
    return collected([reader.feed(path.read_bytes()), reader.finish()])


def whole(path: Path, **options: Any) -> Any:
    return streamed(path, follow=False, **options)


def both(*reads: Read) -> Read:
    """One reader after the other."""

    def read(path: Path) -> None:
        for each in reads:
            each(path)

    return read


def describe(path: Path) -> Any:
    return any_file.describe(any_file.read(path))


COINCIDENCES = "\n".join(coincidence(number, number / 10) for number in range(12))
SAVED = ("results", "lines.npy", "was measured")
READERS: dict[str, Reader] = {
    "table of lines by names": one(
        "a.csv", text("x1,y1,z1,x2,y2,z2,t [s]\n1,2,3,4,5,6,7\n2,3,4,5,6,7,8\n"), scanners.lines
    ),
    "GATE's coincidences": one("gate.dat", scanner_files.make_gate, quiet(scanners.gate_coincidences)),
    "GATE's singles": one("singles.dat", scanner_files.make_singles, quiet(scanners.gate_singles)),
    "GATE's trees": one("a.root", scanner_files.make_root, quiet(scanners.gate_root)),
    "ECAT": one("a.lm", scanner_files.make_ecat, quiet(scanners.ecat_list_mode, model="962")),
    "header of PETLINK": one("run.l.hdr", scanner_files.make_list_header, quiet(scanners.petlink_list_mode)),
    "Inveon": one("a.lst", scanner_files.make_inveon, quiet(scanners.inveon_list_mode)),
    "PETSIRD": one("a.petsird", scanner_files.make_petsird, quiet(scanners.petsird_events)),
    "ADAC Forte": one("a.da01", adac, lambda path: scanners.adac_forte(path, verbose=False)),
    "modular camera": one("a.dat", modular, lambda path: scanners.modular_camera(path, verbose=False), refuses=False),
    "mapped modular camera": one(
        "a.dat", modular, lambda path: scanners.modular_camera(path, verbose=False, memory_map=True), refuses=False
    ),
    "two screens": one("a.txt", screens, lambda path: scanners.parallel_screens(path, 500, verbose=False)),
    "two screens, lenient": one(
        "a.txt", screens, lambda path: scanners.parallel_screens(path, 500, verbose=False, strict=False), refuses=False
    ),
    "GATE": one("a.dat", text(COINCIDENCES), lambda path: scanners.gate_coincidences(path, verbose=False)),
    "lines in text": one("a.csv", headed, lambda path: scanners.lines(path, verbose=False)),
    "lines in text, lenient": one(
        "a.csv", headed, lambda path: scanners.lines(path, verbose=False, strict=False), refuses=False
    ),
    "lines in .npy": one("lines.npy", lambda path: np.save(path, FEW), scanners.lines),
    "lines in Parquet": one("a.parquet", lambda path: storage.to_parquet(path, LineData(FEW)), scanners.lines),
    "lines of a live run": one("live/lines.frames", lambda path: live(path.parents[1], True), scanners.lines),
    "any file, ADAC": one("a.da01", adac, describe),
    "any file, modular": one("a.dat", modular, describe, refuses=False),
    "any file, text": one("a.csv", headed, describe),
    "any file, screens": one("a.txt", screens, lambda path: any_file.read(path, separation=500)),
    "layout of text": one("a.csv", headed, lambda path: layout(TextSource(path)), refuses=False),
    "header of samples": one("a.txt", screens, lambda path: read_header(TextSource(path)), refuses=False),
    "numbers in text": one("a.txt", screens, utilities.read_csv),
    "chunks of numbers": one("a.txt", screens, lambda path: list(utilities.read_csv_chunks(path, 7)), refuses=False),
    "chunk reader": one(
        "a.txt",
        screens,
        lambda path: list(utilities.ChunkReader(path, 7)),
        kinds=(ValueError, OSError, EOFError),
    ),
    "numbers in text, by pandas": one(
        "a.txt", screens, lambda path: utilities.read_csv(path, engine="c", comment="#"), refuses=False
    ),
    "trajectories in text": one("a.txt", screens, trajectories),
    "trajectories in Parquet": one("a.parquet", lambda path: storage.to_parquet(path, LineData(FEW)), trajectories),
    "lines of text": one("a.txt", screens, utilities.number_of_lines, refuses=False),
    "source of list mode": one("a.da01", adac, whole, waits=True),
    "source of modular list mode": one(
        "a.dat", modular, lambda path: whole(path, scanner="modular"), refuses=False, waits=True
    ),
    "source of text": one("a.csv", headed, whole, refuses=False, waits=True),
    "source of an array": one("lines.npy", lambda path: np.save(path, FEW), whole, refuses=False, waits=True),
    "source of a container": one("a.h5", lambda path: storage.save(path, LineData(FEW)), whole),
    "source of Parquet": one("a.parquet", lambda path: storage.to_parquet(path, LineData(FEW)), whole),
    "lines over a socket": one("sent", lambda path: path.write_bytes(as_stream(FEW)), fed, refuses=False, waits=True),
    "text over a socket": one("sent", lambda path: path.write_bytes(as_text(FEW)), fed, refuses=False, waits=True),
    "frames": one("a.frames", framed, frames),
    "live run": Reader("live/locations.frames", lambda folder: live(folder, False), folder_of(finish), told=("live",)),
    "head of a live run": Reader(
        "live/live.json", lambda folder: live(folder, False), folder_of(finish), told=("live",)
    ),
    "trajectories of a data set": Reader(
        "trajectories/part-00000.parquet", parts, folder_of(data_set.read), told=("trajectories",)
    ),
    "manifest of a data set": Reader(
        "trajectories/manifest.json", parts, folder_of(data_set.read), told=("trajectories",)
    ),
    "scanned manifest": Reader(
        "trajectories/manifest.json", parts, folder_of(scan_trajectories, 2), told=("trajectories",)
    ),
    "record of a PEPT run": Reader("results/run.json", tracked, folder_of(load_outcome), told=SAVED),
    "trajectories of a PEPT run": Reader("results/trajectories.parquet", tracked, folder_of(load_outcome), told=SAVED),
    "lines of a PEPT run": Reader(
        "lines.npy", tracked, lambda path: load_outcome(path.parent / "results", path), told=SAVED
    ),
}

"""Writers of scanner files that know nothing of our readers: bits as the formats' documents list them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LIST_HEADER = """!INTERFILE:=
%comment:=made by a test
!originating system:=2008
%SMS-MI header name space:=PETLINK bin address
!name of data file:=C:\\listmode\\run.l
%LM event and tag words format (bits):=32
%timing tagwords interval (msec):=1
gantry crystal radius (cm):=32.8
distance between rings (cm):=0.40625
number of rings:={rings}
%axial compression:=1
%maximum ring difference:={difference}
%number of projections:={projections}
%number of views:={views}
"""


def bits(*fields: tuple[int, int]) -> int:
    """A word of fields (value, width), the first one in the highest bits."""
    text = "".join(format(value, f"0{width}b") for value, width in fields)
    assert len(text) == sum(width for _, width in fields)
    return int(text, 2)


def ecat_time(ms: int) -> int:
    return bits((1, 1), (0, 4), (ms, 27))


def ecat966_event(view: int, bin_: int, rings: tuple[int, int], delayed: bool = False) -> int:
    a, b = rings
    blocks = ((b // 8, 3), (a // 8, 3), (b % 8, 3), (a % 8, 3))
    return bits((0, 1), *blocks, (int(delayed), 1), (bin_ % 512, 9), (view, 9))


def ecat962_event(view: int, bin_: int, rings: tuple[int, int], delayed: bool = False) -> int:
    a, b = rings
    blocks = ((a // 16, 1), (b // 16, 1), (a // 8 % 2, 1), (b // 8 % 2, 1), (b % 8, 3), (a % 8, 3))
    return bits((0, 1), *blocks, (0, 1), (int(delayed), 1), (0, 1), (bin_ % 512, 9), (view, 9))


def inveon_packets(records: Iterable[int]) -> bytes:
    """Packets of 44 bits, with the Gray code that counts them above."""
    packets = [bits((0, 1), (n % 8 ^ (n % 8 >> 1), 3), (each, 44)) for n, each in enumerate(records)]
    return b"".join(packet.to_bytes(6, "little") for packet in packets)


def inveon_event(first: int, second: int, prompt: bool = True) -> int:
    return bits((0, 1), (int(prompt), 1), (0, 4), (0, 2), (first, 17), (0, 2), (second, 17))


def inveon_time(counter: int) -> int:
    return bits((0b1010, 4), (counter, 40))


def write_words(path: Path, words: Sequence[int], order: Any) -> Path:
    path.write_bytes(b"".join(word.to_bytes(4, order) for word in words))
    return path


def write_petlink(folder: Path, words: Sequence[int], **header: int) -> Path:
    (folder / "run.l.hdr").write_text(LIST_HEADER.format(**header))
    return write_words(folder / "run.l", words, "little")


def write_petsird(path: Path, blocks: Iterable[Any]) -> Any:
    """A file of the scanner that the package's own example has, with fewer modules of one type."""
    import dataclasses

    import petsird
    from petsird.helpers import generator

    kind = dataclasses.replace(generator.mtype0_def, num_crystals_per_module=(1, 2, 2), num_modules_along_ring=6)
    header = petsird.Header(scanner=generator.get_scanner_info([kind]))
    with petsird.BinaryPETSIRDWriter(str(path)) as writer:
        writer.write_header(header)
        writer.write_time_blocks(petsird.TimeBlock.EventTimeBlock(block) for block in blocks)
    return header


def petsird_block(start: int, stop: int, prompts: Any, delayeds: Any = ()) -> Any:
    """Events between detections of modules of the first type."""
    import petsird

    lists = [
        [[[petsird.CoincidenceEvent(detection_bins=list(map(int, pair)), tof_idx=0) for pair in pairs]]]
        for pairs in (prompts, delayeds)
    ]
    interval = petsird.TimeInterval(start=start, stop=stop)
    return petsird.EventTimeBlock(time_interval=interval, prompt_events=lists[0], delayed_events=lists[1])


GATE_FIELDS = ("run", "event", "source", "sx", "sy", "sz", "time", "energy", "x", "y", "z", "volumes")
GATE_FIELDS = (*GATE_FIELDS, "cp", "cd", "rp", "rd", "axial", "angle")
"""Variables of a single of a coincidence, as GATE's documentation numbers them."""


def gate_single(values: dict[str, Any], mask: Sequence[int] = (1,) * 18, volumes: int = 6) -> str:
    """One single as GATE writes it: fields that the mask has, integers plain, others in scientific notation."""
    whole = {"run", "event", "source", "cp", "cd", "rp", "rd"}
    shown = []
    for name, is_there in zip(GATE_FIELDS, mask, strict=True):
        if not is_there:
            continue
        if name == "volumes":
            shown += [str(n) for n in range(volumes)]
        elif name in whole:
            shown.append(f"{values.get(name, 0):7d}")
        else:
            shown.append(f"{values.get(name, 0.0):.17e}")
    return " ".join(shown)


def gate_events(count: int, seed: int = 0) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Coincidences of two singles each, some random, some scattered."""
    rng = np.random.default_rng(seed)
    times = np.sort(rng.uniform(0, 2, count))
    events = []
    for n, time in enumerate(times.tolist()):
        pair = []
        for k in range(2):
            x, y, z = (float(np.float32(each)) for each in rng.uniform(-400, 400, 3))
            event = n + 100_000 * k * int(rng.random() < 0.2)
            scatter = {"cp": int(rng.random() < 0.2), "rd": int(rng.random() < 0.1)}
            pair.append({"event": event, "time": time + k * 1e-9, "energy": 0.511, "x": x, "y": y, "z": z, **scatter})
        events.append((pair[0], pair[1]))
    return events


def write_root(path: Path, events: Sequence[tuple[dict[str, Any], dict[str, Any]]], tree: str = "Coincidences") -> None:
    import uproot

    names = {"time": "time", "x": "globalPosX", "y": "globalPosY", "z": "globalPosZ", "event": "eventID"}
    names |= {"cp": "comptonPhantom", "cd": "comptonCrystal", "rp": "RayleighPhantom", "rd": "RayleighCrystal"}
    types = {"time": np.float64, "x": np.float32, "y": np.float32, "z": np.float32}
    columns = {
        f"{branch}{k + 1}": np.array([pair[k].get(name, 0) for pair in events], dtype=types.get(name, np.int32))
        for name, branch in names.items()
        for k in range(2)
    }
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()}).extend(columns)


def write_gate10(path: Path, events: Sequence[tuple[dict[str, Any], dict[str, Any]]], tree: str) -> None:
    """Coincidences as GATE 10's sorter makes them of its singles: all branches in double precision, times in ns."""
    import uproot

    names = {"EventID": "event", "TotalEnergyDeposit": "energy"}
    names |= {f"PostPosition_{axis}": axis.lower() for axis in "XYZ"}
    columns = {
        f"{branch}{k + 1}": np.array([pair[k][name] for pair in events], float)
        for branch, name in names.items()
        for k in range(2)
    }
    for k in range(2):
        columns[f"GlobalTime{k + 1}"] = np.array([1e9 * pair[k]["time"] for pair in events])
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: values.dtype for name, values in columns.items()}).extend(columns)


def make_gate(path: Path, count: int = 20) -> None:
    path.write_text("\n".join(gate_single(a) + " " + gate_single(b) for a, b in gate_events(count)))


def make_singles(path: Path) -> None:
    path.write_text("".join(f"{n // 2 + n % 2 * 1e-9:.12f} {n} {n + 1} {n + 2}\n" for n in range(40)))


def make_root(path: Path) -> None:
    pytest.importorskip("uproot", reason="ROOT files need uproot: lumentrace[root]")
    write_root(path, gate_events(50))


def make_ecat(path: Path) -> None:
    write_words(path, [ecat_time(3), *(ecat962_event(n, n - 2, (n, 31 - n)) for n in range(4))], "big")


def make_list_header(path: Path) -> None:
    assert path.name == "run.l.hdr"
    words = [bits((0b100, 3), (5, 29)), *(bits((0, 1), (1, 1), (n * 40, 30)) for n in range(30))]
    write_petlink(path.parent, words, rings=4, difference=3, views=10, projections=9)


def make_inveon(path: Path) -> None:
    path.write_bytes(inveon_packets([inveon_time(5), *(inveon_event(100 * n, 9000 + n) for n in range(60))]))


def make_petsird(path: Path) -> None:
    pytest.importorskip("petsird", reason="PETSIRD files are made by the package petsird")
    write_petsird(path, [petsird_block(0, 5, [[100, n] for n in range(20)])])

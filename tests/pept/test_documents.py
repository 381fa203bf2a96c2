"""The code of the public documents, run as printed with only the import changed.

The documents are read when the test runs, nothing of them is kept here but the beginnings of statements that differ on
purpose. Where they leave data out (``...``) or name a file, the test puts something small.
"""

from __future__ import annotations

import codeop
import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from helpers import simulate
from lumentrace import pept

matplotlib = pytest.importorskip("matplotlib")

WORDS = {
    r"^import pept\b(?!\.)": "from lumentrace import pept",
    r"^import pept\.": "import lumentrace.pept.",
    r"^from pept\b": "from lumentrace.pept",
    r"reshape\(\((\d+, 7|\d+, 4)\)$": r"reshape((\1))",
    r"\((?:raw_\w+)?\.\.\.\)": "(...)",
    r"(\d+)0_000": r"\1",
}
"""The import; misprints of the documents: a bracket that is missing, dots after a name; and a smaller file."""

DIFFERENT = {
    "import pyvista": "another program, with `grid` and `p` from it",
    "grid": "of pyvista",
    "p = pv": "of pyvista",
    "p.": "of pyvista",
    "import pept.tracking.trajectory_separation": "a module that the documented version no longer has",
    "segregated_trajectories = tsp": "of that module",
    "[array(": "output that the document marks as input",
    "from mpi4py": "needs an MPI library",
    "points = pipeline.fit(lors, executor = MPIPoolExecutor": "needs an MPI library",
    "voxels = pept.Voxels(lines": "the constructor of an older version; `Voxels.from_lines` is documented",
    "minpts = peptml.Minpoints(line_data": "the constructor of an older version",
    "cutpts = peptml.Cutpoints(line_data": "the constructor of an older version",
    "chunks[100]": "the error it announces",
    "grapher.add_voxels(voxels)": "the voxels of the constructor above",
    "results = parallel_map_file": "a function that was typed at a prompt cannot be sent to other processes",
    "print(results)": "of the statement above",
    "Initialised ": "output that the document marks as input, as the next ones",
    "voxels:": "output",
    "pixels:": "output",
    "[[": "output",
    "voxel_size =": "output",
    "pixel_size =": "output",
    "xlim =": "output",
    "voxel_grids": "output",
    "pixel_grids": "output",
}
"""Beginnings of statements that fail, and why."""

STALE = {
    "lors": "data of a file that is not public, and the `repr` of an older version",
    "print(pipeline)": "HDBSCAN names its `engine` where the documented one names the object of a library",
    "point_data[0]": "plain arrays of an older version; a sample says its own overlap, which is 0",
    "point_data[1]": "as before",
}
"""Beginnings of statements that print something else, and why."""


COLUMNS = ["t", "x", "y", "z", "line_index1", "label"]


MISPRINTS = {
    # Two columns, where the page itself demands three with the time first.
    "pept.processing.occupancy2d": ("np.random.random((10, 2))", "np.sort(np.random.random((10, 3)), axis=0)"),
}


def pages(shared: Path) -> dict[str, str]:
    """The pages of the document by their titles."""
    text = (shared / "documents" / "pept-0.4.txt").read_text("utf-8")
    found = (page.strip() for page in re.split(r"\n  \n(?=\S)", text))
    return {page.split("\n")[0].strip(): page for page in found if page}


def sessions(page: str) -> Iterator[tuple[str, str]]:
    """Statements after ``>>>`` and what is printed under each."""
    source = ""
    lines = page.split("\n")
    for number, line in enumerate(lines):
        if not line.startswith(">>>"):
            continue
        source += line[4:] + "\n"
        follows = lines[number + 1].startswith(">>>") if number + 1 < len(lines) else False
        further = next((each for each in lines[number + 1 :] if each != ">>>"), "")
        try:
            whole = codeop.compile_command(changed(source), symbol="exec") is not None
        except SyntaxError:
            whole = not follows
        nested = follows and further.startswith(">>>     ")
        if (whole and not nested) or not follows:
            if re.search(r"^[^#\n]", source, re.MULTILINE):
                yield source, "\n".join(_until_blank(lines[number + 1 :]))
            source = ""


def _until_blank(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.strip() or line.startswith(">>>"):
            return
        yield line


def scripts(page: str) -> Iterator[str]:
    """The blocks of a page without prompts."""
    for part in re.split(r"\n{4,}(?=\S)", page):
        found = re.search(r"^(?:import pept|# [A-Z]).*", part, re.MULTILINE | re.DOTALL)
        if found:
            yield found[0]


def changed(source: str) -> str:
    for old, new in WORDS.items():
        source = re.sub(old, new, source, flags=re.MULTILINE)
    return source


def filled(source: str) -> str:
    """Data in place of dots."""
    lines = re.search(r"lin|lor", source.split("=")[0]) is not None
    table = "LINES" if lines else "POINTS"
    source = re.sub(r"\b(LineData|PointData)\(\.\.\.\)", lambda m: f"{m[1]}({m[1].upper()}, 30)", source)
    source = source.replace("POINTDATA, 30", "POINTDATA, 30, columns=COLUMNS")
    return re.sub(r"np\.array\(\.\.\.\)", table, source)


@pytest.fixture
def namespace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the documents take for granted, and the files they name."""
    matplotlib.use("Agg")
    monkeypatch.setattr(go.Figure, "show", lambda *args, **kwargs: None)
    monkeypatch.chdir(tmp_path)
    rows, _ = simulate(240)
    points = np.column_stack([np.arange(120.0), 50 + np.cumsum(np.ones((120, 3)), axis=0)])
    labelled = np.column_stack([points, np.zeros((120, 2))])
    camera = bytes(1000) + np.full(8, 0x2000, dtype="<u4").tobytes()
    Path("camera.da").write_bytes(camera)
    np.savetxt("data.csv", np.arange(80.0).reshape(-1, 4))
    heads = simulate(2000)[0]
    heads[:, 3], heads[:, 6] = -10, 510
    for name in ("binary_data_adac.da01", "binary_file.da01", "DS1.da01"):
        pept.simulation.write_adac(name, heads, 500)
    data = pept.LineData(rows, sample_size=60)
    made: dict[str, Any] = {"LINES": rows, "LINEDATA": rows, "POINTS": points, "POINTDATA": labelled, "np": np}
    made |= {"lors": data, "lines": data, "example_data": rows, "COLUMNS": COLUMNS}
    made |= {"points": pept.PointData(labelled, sample_size=20, columns=COLUMNS)}
    made |= {"LineData": pept.LineData, "PointData": pept.PointData}
    made |= {"csv_or_array": rows[:, [0, 1, 2, 4, 5]], "filepath": "camera.da", "pept": pept, "__name__": "document"}
    for module in ("tracking", "plots", "utilities"):
        exec(f"from lumentrace.pept.{module} import *", made)
    return made


def run(source: str, kind: str, namespace: dict[str, Any]) -> tuple[str, str]:
    """What a statement prints, and the error it ends in."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(filled(changed(source)), "document", kind), namespace)
    except Exception as error:
        return printed.getvalue(), f"{source.strip()[:90]!r}: {type(error).__name__}: {str(error)[:150]}"
    return printed.getvalue(), ""


@pytest.mark.parametrize("part", range(4))
def test_documented_sessions_run_and_print_the_same(part: int, shared: Path, namespace: dict[str, Any]) -> None:
    found = {title: page for title, page in pages(shared).items() if ">>>" in page}
    complaints = []
    for title in sorted(found)[part::4]:
        own = found[title].split("\nMethods\n")[0] if title in ("pept.Pixels", "pept.Voxels") else found[title]
        here = dict(namespace)
        for source, expected in sessions(own.replace(*MISPRINTS.get(title, (">>>", ">>>")))):
            printed, error = run(source, "single" if source.count("\n") == 1 else "exec", here)
            if error and not source.strip().startswith(tuple(DIFFERENT)):
                complaints.append(f"{title}: {error}")
            same = printed.split() == expected.split() or source.startswith(tuple(STALE))
            if not error and expected and printed.strip() and not same:
                complaints.append(f"{title}: {source!r} printed {printed!r}, expected {expected!r}")
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(
    "title", ["Saving / Loading Data", "Plotting", "Initialising PEPT Scanner Data", "PEPT-ML", "The Birmingham Method"]
)
def test_documented_scripts_run(title: str, shared: Path, namespace: dict[str, Any]) -> None:
    found = list(scripts(pages(shared)[title]))
    assert len(found) >= 2
    complaints = []
    for source in found:
        here = dict(namespace)
        if "HDBSCAN" in source and "Cutpoints" not in source:
            here["lors"] = here["points"]  # the second pass takes what the first one gives
        complaints += filter(None, [run(source, "exec", here)[1]])
    assert not complaints, "\n".join(complaints)

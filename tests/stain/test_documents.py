"""What the public document of exo2micro's helpers prints works here, with only the import changed."""

from __future__ import annotations

import inspect
import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import stain
from lumentrace.stain import utils


@pytest.fixture
def document(shared: Path) -> str:
    path = shared / "documents" / "exo2micro-utils.txt"
    if not path.is_file():
        pytest.skip(f"no document at {path}")
    return path.read_text("utf-8").replace("exo2micro", "lumentrace.stain")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Names that the document takes for granted."""
    monkeypatch.chdir(tmp_path)
    stain.simulate(size=128, seed=1).save("raw", "S001", "DAPI")
    job = stain.SampleDye("S001", "DAPI")
    return {
        "tasks": [("S001", "DAPI")],
        "SampleDye": stain.SampleDye,
        "TeeStdout": stain.TeeStdout,
        "log_path": stain.get_run_log_path("processed"),
        "widget_output": nullcontext(),
        "run": job,
    }


def lines_of(flat: str) -> str:
    """A session that was printed in one line, as code: what follows a colon is indented."""
    code, depth = [], 0
    for mark, text in re.findall(r"(>>>|\.\.\.) (.*?)(?= >>> | \.\.\. |$)", flat):
        line = text.strip()
        if mark == ">>>" or line == "finally:":
            depth = 0
        code.append("    " * depth + line)
        depth += line.endswith(":")
    return "\n".join(code)


def test_sessions_run_in_order(document: str, lab: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    sessions = [lines_of(line) for line in document.splitlines() if line.startswith(">>> ")]
    assert len(sessions) == 2
    for session in sessions:
        exec(session, lab)
    labels = ["start", "before S001/DAPI", "after gc S001/DAPI"]
    assert [label for label, _ in lab["tracker"].history] == labels
    printed = capsys.readouterr().out
    assert all(f"[memory] {label}: " in printed for label in labels)


def test_the_tee_runs(document: str, lab: dict[str, Any]) -> None:
    found = re.search(r"^with TeeStdout\(log_path\): with widget_output: (run\.run\(\))", document, re.MULTILINE)
    assert found
    exec(f"with TeeStdout(log_path):\n    with widget_output:\n        print({found[1]}['status'])", lab)
    assert Path(lab["log_path"]).read_text("utf-8").splitlines()[-1] == "complete"


def test_signatures_are_those_printed(document: str) -> None:
    printed = re.findall(r"lumentrace\.stain\.utils\.(\w+)\((.*)\)(?:\[source\])?$", document, re.MULTILINE)
    assert len(printed) == 31
    for name, text in printed:
        scope: dict[str, Any] = {}
        exec(f"def documented({text}): ...", scope)
        wanted = inspect.signature(scope["documented"]).parameters.values()
        ours = list(inspect.signature(getattr(utils, name)).parameters.values())[: len(wanted)]
        assert [(own.name, own.default) for own in ours] == [(each.name, each.default) for each in wanted], name


def test_file_names_are_read_as_printed(document: str, tmp_path: Path) -> None:
    printed = re.findall(r"(\S+\.tiff?) -> (pre|post), dye=(\w+)", document)
    assert len(printed) == 4
    for number, (name, side, dye) in enumerate(printed):
        folder = tmp_path / str(number)
        folder.mkdir()
        tifffile.imwrite(folder / name, np.zeros((4, 4), np.uint8))
        pairs, warnings = stain.classify_raw_files(folder)
        assert pairs == {dye: {"pre": [], "post": [], side: [str(folder / name)]}}
        assert warnings == []

"""The code of napari-colocalization's page on its Python interface runs with only the import changed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import documents
from lumentrace import coloc


@pytest.fixture
def page(shared: Path) -> str:
    return re.sub(
        r"napari_colocalization\._\w+", "lumentrace.coloc", documents.read(shared, "napari-colocalization-api.txt")
    )


def test_sessions_print_what_the_page_prints(page: str) -> None:
    told = [line for examples in documents.sessions(page) for line in documents.run_session(examples, {})]
    assert len(told) >= 7
    for source, found, expected in told:
        assert found == expected, source


def test_the_script(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (a, *_), (b, *_) = coloc.make_sample_data()
    labels = np.zeros(a.shape, np.int64)
    labels[20:120, 20:120], labels[130:250, 30:200] = 1, 2
    monkeypatch.chdir(tmp_path)
    for name, array in {"channel_a": a, "channel_b": b, "cell_labels": labels}.items():
        np.save(f"{name}.npy", array)
    (script,) = documents.scripts(page, re.compile("import numpy as np$"))
    exec(compile(script, "<document>", "exec"), {})  # the document's own code
    lines = (tmp_path / "colocalization_per_cell.csv").read_text().splitlines()
    assert lines[0] == ",".join(coloc.COLUMNS)
    assert [line.split(",")[:3] for line in lines[1:]] == [["1", "dna", "tubulin"], ["2", "dna", "tubulin"]]
    assert "n_pixels" in capsys.readouterr().out

"""Text that a spreadsheet would work out as a formula stands behind an apostrophe, and is read back as it was."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lumentrace import coloc, twophoton
from lumentrace.storage.frames import quoted, unquoted, write_rows, write_table
from lumentrace.twophoton.exchange.matches import (
    ManualFovGroupRow,
    load_manual_fov_group_rows,
    save_manual_fov_group_rows,
)

FORMULAS = ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]
PLAIN = ["cell", "", "-0.5", "+3", "-1e-5", "-inf", "'quoted'", "a=b"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas(text: str) -> None:
    assert quoted(text) == f"'{text}"
    assert unquoted(quoted(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_other_text(text: str) -> None:
    assert quoted(text) == unquoted(text) == text


def first_letters(path: Path) -> set[str]:
    with path.open(newline="") as file:
        return {cell[:1] for row in csv.reader(file) for cell in row if not cell.lstrip("-").replace(".", "").isdigit()}


def test_tables(tmp_path: Path) -> None:
    table = pl.DataFrame({"name": [*FORMULAS, None], "=head": np.arange(-3.0, 4.0)})
    places = write_table(tmp_path / "table", table)
    assert not first_letters(places[0]) & {*"=+-@\t\r"}
    assert pl.read_parquet(places[1]).equals(table)
    write_rows(tmp_path / "rows.csv", ["@a", "b"], [[text, -1.5] for text in FORMULAS])
    assert not first_letters(tmp_path / "rows.csv") & {*"=+-@\t\r"}


def test_colocalization(tmp_path: Path) -> None:
    a = np.random.default_rng(1).random((16, 16))
    table = coloc.colocalization_table({"=1+1": a, "@b": a[::-1]})
    (path, _) = write_table(tmp_path / "colocalization", table)
    row = pl.read_csv(path).row(0, named=True)
    assert (row["channel_a"], row["channel_b"]) == ("'=1+1", "'@b")
    assert row["pcc"] == pytest.approx(table["pcc"][0])


def test_two_photon_tables_are_read_back(tmp_path: Path) -> None:
    rows = [ManualFovGroupRow(text, "a/b", "=note") for text in FORMULAS[:4]]
    path = save_manual_fov_group_rows(rows, tmp_path / "views.csv")
    assert not first_letters(path) & {*"=+-@"}
    assert load_manual_fov_group_rows(path) == tuple(rows)


def test_names_of_epochs_and_regions(tmp_path: Path) -> None:
    twophoton.simulate_recording(tmp_path / "source", cells=2, rows=32, columns=32, repeats=2, seed=3)
    made = twophoton.convert_recording(tmp_path / "source", tmp_path / "out")
    recording = twophoton.load_converted_recording(made.path)
    masks = np.zeros((2, *recording.movie.shape[1:]), bool)
    masks[0, 5:9, 5:9], masks[1, 12:16, 5:9] = True, True
    rois = twophoton.make_roi_set(masks, labels=["=1+1", "@b"])
    run = twophoton.compute_recording_responses(recording, rois)
    path = twophoton.save_trials_table(tmp_path / "trials.csv", run)
    assert not first_letters(path) & {"=", "@"}
    assert twophoton.load_trials_table(path).equals(twophoton.trials_table(run))

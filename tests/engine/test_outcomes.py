"""Outcomes in notebooks: the verdict first, then figures and the main table; data frames with units."""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lumentrace import coloc, stain, twophoton
from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.coloc import run as coloc_run
from lumentrace.pept import recipes, simulation
from lumentrace.pept import run as pept
from lumentrace.stain import run as stain_run
from lumentrace.twophoton import run as twophoton_run
from pages import balanced, plain_text


def tracked(folder):
    lines = simulation.simulate([simulation.Circle(radius=50)], n=4000, noise=0.2, seed=1).lines
    return pept.run(lines, pept.Settings(recipe=recipes.Lines(tracers=1)))


def colocalized(folder):
    (a, *_), (b, *_) = coloc.make_sample_data()
    settings = coloc_run.Settings(metrics=coloc.EXTENDED_METRICS, randomizations=9)
    return coloc_run.run({"<script>": a[:64, :64], "b": b[:64, :64]}, settings)


def filmed(folder):
    stack, _ = simulate_film(frames=4, particles=3, size=64, seed=1)
    analyse = (
        "feature_detection:mask_fn=mask_otsu; particle_tracking; track_statistics; "
        "log_blob_detection:min_sigma=3,max_sigma=6"
    )
    return afm.run(stack, afm.Settings(process="remove_plane", analyse=analyse))


def stained(folder):
    pair = stain.simulate(size=256, scale=1.4, seed=3)
    return stain_run.run((pair.post, pair.pre), stain_run.Settings(pad=0))


def responded(folder):
    twophoton.simulate_recording(folder, cells=3, rows=40, columns=40, repeats=1, seed=1)
    return twophoton_run.run(twophoton.convert_recording_to_twopy(folder, folder).path)


MADE = {"pept": tracked, "coloc": colocalized, "afm": filmed, "stain": stained, "twophoton": responded}


@pytest.fixture(scope="module", params=MADE)
def outcome(request, tmp_path_factory):
    return MADE[request.param](tmp_path_factory.mktemp(request.param))


def test_html_has_verdict_figures_and_main_table_in_this_order(outcome):
    text = outcome._repr_html_()
    assert balanced(text) == []
    assert "<script" not in text
    assert len(text) < 50_000
    words = plain_text(text).removeprefix(outcome.title)
    main, count = outcome.first_rows()
    judged = "not judged" if outcome.verdict is None else outcome.verdict.level
    first = next(iter(outcome.figures()))
    assert 0 <= words.index(judged) < words.index(f" {first} ") < words.index(f" {main.columns[0]} ")
    assert ("more row" in words) == (count > len(main))
    for name in main.columns[:20]:
        assert f" {name} {outcome.units.get(name, '')}" in words


def test_first_rows_are_those_of_the_main_table(outcome):
    first, count = outcome.first_rows()
    whole = outcome.to_polars()
    assert count == len(whole)
    assert first.equals(whole.head(len(first)), null_equal=True)
    assert first.schema == whole.schema


def test_every_table_goes_to_pandas_with_units(outcome):
    for name, table in outcome.tables().items():
        frame = outcome.to_pandas(name)
        assert list(frame.columns) == table.columns
        assert len(frame) == len(table)
        assert frame.attrs["units"] == {column: outcome.units.get(column, "") for column in table.columns}
        for column in table.columns:
            values = table[column].to_numpy()
            if values.dtype.kind == "O":
                assert frame[column].tolist() == table[column].to_list()
            else:
                np.testing.assert_array_equal(frame[column].to_numpy(), values)
            if table.schema[column] == pl.Int64 and not table[column].null_count():
                assert frame[column].dtype == np.int64


def test_unknown_tables_are_refused_and_pandas_is_optional(outcome, monkeypatch):
    with pytest.raises(ValueError, match=r"`table`: expected one of .*, found 'none'"):
        outcome.to_polars("none")
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r'pip install "lumentrace\[pandas\]"'):
        outcome.to_pandas()


def test_columns_named_after_a_unit_have_it(outcome):
    endings = {"_nm": "nm", "_nm2": "nm²", "_nm3": "nm³", "_nm_s": "nm/s", "_nm2_s": "nm²/s", "_s": "s"}
    for table in outcome.tables().values():
        for name in table.columns:
            ending = max((end for end in endings if name.endswith(end)), key=len, default=None)
            if ending is not None:
                assert outcome.units.get(name) == endings[ending], name


# ---------------------------------------------------------------------- docs/columns.md
PAGE = (Path(__file__).parents[2] / "docs" / "columns.md").read_text("utf-8")


def documented():
    """Units of the columns in the tables of the page, by the titles of these."""
    found = {}
    for title, body in re.findall(r"^### (.*?)$(.*?)(?=^##|\Z)", PAGE, flags=re.M | re.S):
        rows = re.findall(r"^\| (`.*?) \| (.*?) ?\| .*\|$", body, flags=re.M)
        found[title] = {name: unit.strip() for names, unit in rows for name in re.findall(r"`(.*?)`", names)}
    return found


def written_columns(path):
    """Columns of a CSV file; without units, and those of times as one."""
    with path.open(encoding="utf-8", newline="") as file:
        first = file.readline()
    names = [name.split(" (")[0] for name in next(csv.reader([first]))]
    return list(dict.fromkeys(re.sub(r"^time_s_-?[0-9.]+$", "time_s_…", name) for name in names))


def test_the_page_tells_of_all_columns_that_are_written(outcome, tmp_path):
    page, outcome_tables = documented(), outcome.tables()
    files = {path.name: path for path in outcome.write(tmp_path) if path.suffix == ".csv"}
    assert files
    for name, path in files.items():
        title = re.sub(r"^spots_.*", "spots.csv", name)
        assert sorted(page[title]) == sorted(written_columns(path)), title
    for name, table in outcome_tables.items():
        told = page[f"{name}.csv" if f"{name}.csv" in page else name]
        assert sorted(told) == sorted(table.columns), name
        units = {column: "nm" if unit == "film" else unit for column, unit in told.items()}
        assert units == {column: outcome.units.get(column, "") for column in table.columns}, name

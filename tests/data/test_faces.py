"""What objects look like in notebooks: whole, small and escaped HTML, and the same rows as data frames."""

from __future__ import annotations

import numpy as np
import pytest

from lumentrace import LineData, Pipeline, Pixels, PointData, TimeWindow, Voxels
from lumentrace.afm import AFMImageStack
from lumentrace.base import html
from lumentrace.engine.verdict import COLOURS, Evidence, Reason, Verdict
from lumentrace.pept.tracking import HDBSCAN, Centroids, Cutpoints
from lumentrace.plots import PlotlyGrapher
from pages import balanced, plain_text

EVIL = "<script>alert(1)</script>"


def tracks(rows=40):
    table = np.random.default_rng(0).normal(size=(rows, 5))
    table[:, 4] = np.arange(rows) % 3 - 1
    return PointData(table, sample_size=10, columns=["t", "x", "y", "z", "label"])


def evil_objects():
    points = PointData(np.ones((3, 5)), columns=["t", "x", "y", "z", EVIL], **{EVIL: EVIL, "text": "\ud800"})
    points.units = {EVIL: EVIL}
    verdict = Verdict((Reason("doubtful", EVIL, EVIL, (Evidence(EVIL, np.nan, EVIL, EVIL),)),))
    stack = AFMImageStack(np.zeros((2, 8, 8)), 1.0, EVIL, EVIL, unit=EVIL)
    return [
        points,
        points[:1],
        LineData(np.ones((3, 7)), note=EVIL),
        Pixels(np.ones((2, 3)), (0, 1), (0, 1), note=EVIL),
        Voxels(np.ones((2, 3, 4)), (0, 1), (0, 1), (0, 1), note=EVIL),
        Pipeline([Cutpoints(0.5), HDBSCAN(0.1), Centroids()]),
        Cutpoints(0.5).fit(LineData(np.random.default_rng(0).normal(size=(20, 7)), sample_size=10), verbose=False),
        HDBSCAN(0.1),
        PlotlyGrapher(),
        verdict,
        stack,
    ]


@pytest.mark.parametrize("shown", evil_objects(), ids=lambda shown: type(shown).__name__)
def test_html_is_whole_and_escaped(shown):
    text = shown._repr_html_()
    assert balanced(text) == []
    assert "<script" not in text
    text.encode("utf-8")


def test_points_show_first_rows_units_and_sampling():
    points = tracks()
    text = plain_text(points._repr_html_())
    assert text.startswith("PointData · 40 rows of 5 columns · 4 samples of 10 rows t ms x mm y mm z mm label ")
    for value in points.points[: html.ROWS].ravel():
        assert f" {value:.6g} " in text
    assert f" {points.points[html.ROWS, 1]:.6g} " not in text
    assert text.endswith("… 35 more rows")


@pytest.mark.parametrize(
    ("sampling", "words"),
    [
        ((None, None), "1 sample of 3 rows "),
        ((2, 1), "2 samples of 2 rows, overlap 1 "),
        ((TimeWindow(1.0), TimeWindow(0.5)), "by TimeWindow(window=1.0), overlap TimeWindow(window=0.5) "),
        (([2, 1], None), "2 samples "),
    ],
)
def test_sampling_in_words(sampling, words):
    rows = np.zeros((3, 4))
    rows[:, 0] = range(3)
    assert words in plain_text(PointData(rows, *sampling)._repr_html_())


def test_html_of_many_rows_and_columns_is_as_small_and_as_fast_as_that_of_few():
    few, many = PointData(np.zeros((10, 200))), PointData(np.zeros((10**6, 30)), columns=["<" * 500] * 30)
    assert len(few._repr_html_()) < 50_000
    assert len(many._repr_html_()) < 50_000
    assert "10 more columns" in plain_text(many._repr_html_())
    read = _ReadRows(many)
    many._repr_html_()
    assert read.rows == html.ROWS


class _ReadRows:
    """Counts the rows that are taken from a table."""

    def __init__(self, table):
        self.rows = 0

        class Watched(np.ndarray):
            def __getitem__(array, key):  # noqa: N805
                part = super().__getitem__(key)
                self.rows += len(part)
                return part

        table._data = table.data.view(Watched)


@pytest.mark.parametrize("level", ["good", "doubtful", "not reliable"])
def test_verdict_has_word_and_colour(level):
    reasons = () if level == "good" else (Reason(level, "too dark", "use light", (Evidence("grey", 3, "px", "5"),)),)
    text = Verdict(reasons)._repr_html_()
    assert COLOURS[level] in text
    assert level in plain_text(text)
    assert ("grey 3 px (fine: 5). Next: use light" in plain_text(text)) == bool(reasons)


def test_grids_show_limits_and_values():
    values = np.array([[1.0, np.nan], [3.0, 2.0]])
    text = plain_text(Pixels(values, (0, 10), (-4, 4))._repr_html_())
    assert "2 x 2 · values 1 to 3" in text
    assert "x 2 0 10 5 y 2 -4 4 4" in text
    assert "none is finite" in Pixels(values * np.nan, (0, 1), (0, 1))._repr_html_()


def test_pipelines_show_their_steps():
    text = plain_text(Pipeline([Cutpoints(0.5), HDBSCAN(0.25, max_tracers=2)])._repr_html_())
    assert "Pipeline · 2 steps Cutpoints append_indices = False, cutoffs = None, max_distance = 0.5 HDBSCAN" in text
    assert "true_fraction = 0.25" in text


def test_a_p_value_is_never_zero():
    text = html.table(["p", "pcc_pvalue"], [[0.0, 0.0], [0.0, 0.5]], 2)
    assert plain_text(text) == "p pcc_pvalue 0 < 1e-16 0 0.5"


# ---------------------------------------------------------------------- data frames
@pytest.mark.parametrize("name", ["to_polars", "to_pandas"])
def test_frames_hold_the_rows_and_whole_labels(name):
    points = tracks()
    frame = getattr(points, name)()
    assert list(frame.columns) == points.columns
    assert np.array_equal(frame.to_numpy(), points.points)
    assert np.asarray(frame["label"]).dtype == np.int64
    assert np.asarray(frame["t"]).dtype == np.float64


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.5, 2.0**60])
def test_labels_that_are_not_whole_stay_as_they_are(odd):
    points = tracks()
    points.data[7, 4] = odd
    assert np.array_equal(points.to_polars()["label"].to_numpy(), points["label"], equal_nan=True)
    assert np.array_equal(points.to_pandas()["label"].to_numpy(), points["label"], equal_nan=True)


def test_units_go_to_pandas():
    assert tracks().to_pandas().attrs["units"] == {"t": "ms", "x": "mm", "y": "mm", "z": "mm", "label": ""}

"""The report on a two-photon recording holds the numbers of the run."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from lumentrace import twophoton
from lumentrace.twophoton.measure.quality import background_left, baseline_misfit
from lumentrace.twophoton.report.notices import notices
from lumentrace.twophoton.report.places import coloured, outline
from lumentrace.twophoton.respond.epochs import peaks, ranked
from pages import Page, report_data
from twophoton_recording import make_recording

GREY, ODOUR = 1, 2


def recording_in(folder: Path) -> Any:
    return twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(folder).path)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = make_recording(tmp_path_factory.mktemp("report") / "fly <7>")
    recording = recording_in(made.folder)
    options = twophoton.ResponseProcessingOptions(
        correlation_filter=twophoton.CorrelationFilterOptions("epoch_mean", -0.5)
    )
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    return twophoton.compute_recording_responses(recording, rois, options=options)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("simulated")
    truth = twophoton.simulate_recording(folder, cells=5, rows=48, columns=56, repeats=3, seed=2)
    labels = truth.label_image.copy()
    labels[0, :4] = 8
    labels[0:5, 40:44] = 9
    with pytest.warns(UserWarning, match="roi_0008"):
        return twophoton.compute_recording_responses(
            recording_in(folder), twophoton.make_roi_set_from_label_image(labels)
        )


def data(text: str) -> list[Any]:
    """Figures of a report with their arrays."""
    kept = report_data(text)

    def restored(node: Any) -> Any:
        if isinstance(node, list):
            return [restored(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$array" in node:
            return restored(kept["arrays"][node["$array"]])
        if "bdata" in node:
            values = np.frombuffer(base64.b64decode(node["bdata"]), node["dtype"])
            return values.reshape([int(size) for size in str(node.get("shape", values.size)).split(",")])
        return {name: restored(value) for name, value in node.items()}

    return restored(kept["figures"])


def figures(text: str) -> dict[str, Any]:
    titles = re.findall(r"<figure[^>]*><h3>(.*?)</h3>", text)
    return dict(zip(titles, data(text), strict=True))


def shown(text: str, name: str) -> str:
    """A key figure with its unit and note."""
    found = re.search(rf"<dt>{re.escape(name)}</dt><dd>(.*?)</dd>", text)
    assert found is not None, name
    return " ".join(re.sub(r"<[^>]+>", " ", html.unescape(found[1])).replace("\u202f", "").split())


def table(text: str, first: str) -> list[list[str]]:
    """Cells of the table whose first heading is `first`."""
    for part in re.findall(r"<table>.*?</table>", text, re.S):
        if re.search(rf"<th[^>]*>{first}</th>", part):
            rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.S)[1:]
            return [[html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.S)] for row in rows]
    raise AssertionError(first)


def test_the_head_says_what_the_run_says(run: Any, tmp_path: Path) -> None:
    text = twophoton.write_report(tmp_path / "report.html", run).read_text("utf-8")
    assert "Two-photon: fly &lt;7&gt;" in text
    assert Page(text).references == []
    assert shown(text, "Regions").startswith("2 0 without values")
    assert shown(text, "Frames") == f"{run.dff.stop_frame - run.dff.start_frame} of 220 10 per second"
    assert shown(text, "Trials") == "4 of 1 epochs, baselines not counted"
    assert shown(text, "Timing").startswith("flashes 9 windows")
    assert shown(text, "Bleaching, tau").split()[0] == f"{run.dff.tau:.2e}"
    assert "10 flashes were found" in text
    # The background is a mean of few pixels here, and as noisy as that of the regions.
    assert text.count('class="text notice"') == 0
    assert text.index("goes against the background") < text.index("<h2>Regions</h2>")


def test_regions_have_their_peaks_and_scores(run: Any, tmp_path: Path) -> None:
    rows = table(twophoton.write_report(tmp_path / "report.html", run).read_text("utf-8"), "number")
    assert [row[:4] for row in rows] == [["1", "roi_0001", "16", "16"], ["2", "roi_0002", "16", "16"]]
    for place, row in enumerate(rows):
        trials = [trial for trial in run.grouped_responses.trials if trial.epoch_number == ODOUR]
        mean = np.mean([trial.values[trial.time_seconds >= 0, place] for trial in trials], axis=0)
        assert float(row[4]) == pytest.approx(mean[np.abs(mean).argmax()], abs=5e-4)
        assert row[5] == "Odour"
        assert float(row[6]) == pytest.approx(run.correlation_scores.scores[place], abs=5e-4)


def test_curves_are_those_of_the_run(simulated: Any, tmp_path: Path) -> None:
    run = simulated
    drawn = figures(twophoton.write_report(tmp_path / "report.html", run).read_text("utf-8"))
    heat = drawn["All regions"]
    order = [int(name) - 1 for name in heat["layout"]["yaxis"]["ticktext"]]
    assert sorted(order) == list(range(7))
    for place, number in enumerate((2, 3, 4)):
        trials = [trial for trial in run.grouped_responses.trials if trial.epoch_number == number]
        length = min(len(trial.values) for trial in trials)
        stacked = np.stack([trial.values[:length] for trial in trials])
        with np.errstate(invalid="ignore"):
            mean = np.where(np.isfinite(stacked).any(0), np.nansum(stacked, 0) / np.isfinite(stacked).sum(0), np.nan)
        found = np.asarray(heat["data"][place]["z"], float).T[:length]
        np.testing.assert_allclose(found, mean[:, order], rtol=1e-5, atol=1e-6)
    lines = [each for each in drawn["dF/F"]["data"] if each.get("mode") == "lines"]
    ticks = drawn["dF/F"]["layout"]["yaxis"]
    assert ticks["ticktext"] == ["1", "2", "3", "4", "5", "7"]
    rate, start = run.grouped_responses.data_rate_hz, run.dff.start_frame
    for line, tick, name in zip(lines, ticks["tickvals"], ticks["ticktext"], strict=True):
        frames = np.rint(np.asarray(line["x"], float) * rate).astype(int) - start
        expected = run.dff.values[frames, int(name) - 1]
        np.testing.assert_allclose(np.asarray(line["y"], float) - tick, expected, atol=2e-5)
    assert len(drawn["dF/F"]["layout"]["shapes"]) == sum(each.epoch_number != GREY for each in run.epoch_windows)


def test_a_pixel_of_known_size_gives_a_scale_bar(simulated: Any, tmp_path: Path) -> None:
    """56 pixels of 0.5 µm: a quarter of the width is 7 µm, so the bar has 5."""
    report = twophoton.write_report(tmp_path / "report.html", simulated, pixel_size_um=0.5)
    traces = figures(report.read_text("utf-8"))["Regions over the mean image"]["data"]
    (bar,) = [trace for trace in traces if trace.get("text", [""])[0] == "5 µm"]
    assert np.ptp(bar["x"]) == pytest.approx(10)


def test_panels_take_two_columns_in_a_narrow_window(simulated: Any, tmp_path: Path) -> None:
    text = twophoton.write_report(tmp_path / "report.html", simulated).read_text("utf-8")
    figure = figures(text)["Means over trials"]
    for layout, columns in ((figure["layout"], 4), (figure["layout"] | figure["narrow"]["layout"], 2)):
        starts = {axis["domain"][0] for name, axis in layout.items() if name.startswith("xaxis") and axis}
        assert len(starts) == columns


def test_timing_figures(simulated: Any, tmp_path: Path) -> None:
    drawn = figures(twophoton.write_report(tmp_path / "report.html", simulated).read_text("utf-8"))
    exact = {
        place + 1: each.onset_frame_exact - each.window.start_frame
        for place, each in enumerate(simulated.epoch_windows)
    }
    points = {x: y for each in drawn["Exact onsets"]["data"] for x, y in zip(each["x"], each["y"], strict=True)}
    assert points == pytest.approx(exact)
    signal = drawn["Photodiode"]["data"][0]
    assert np.asarray(signal["y"]).max() == pytest.approx(simulated.recording.high_res_pd.max(), rel=1e-6)
    starts = sorted(x for each in drawn["Photodiode"]["data"][1:] for x in each["x"])
    expected = [each.onset_frame_exact / simulated.grouped_responses.data_rate_hz for each in simulated.epoch_windows]
    np.testing.assert_allclose(starts, expected)


def test_regions_outside_are_explained(simulated: Any, tmp_path: Path) -> None:
    text = twophoton.write_report(tmp_path / "report.html", simulated).read_text("utf-8")
    rows = table(text, "number")
    assert rows[5][1:5] == ["roi_0008", "4", "0", "n/a (no pixel inside the crop)"]
    assert rows[6][2:4] == ["20", "16"]
    assert rows[6][-1] == "4 of 20 pixels outside the crop"
    assert "1 of 7 regions have no values that mean anything: 6 roi_0008 (no pixel inside the crop);" in html.unescape(
        text
    )
    assert shown(text, "Regions") == "6 of 7 1 without values, 1 clipped by the crop"


def test_a_region_outside_has_no_part_in_the_decay(simulated: Any) -> None:
    inside = [label != "roi_0008" for label in simulated.roi_set.labels]
    labels = [label for label, kept in zip(simulated.roi_set.labels, inside, strict=True) if kept]
    rois = twophoton.make_roi_set(simulated.roi_set.masks[inside], labels=labels)
    run = twophoton.compute_recording_responses(simulated.recording, rois)
    assert run.dff.tau == simulated.dff.tau
    np.testing.assert_array_equal(run.dff.values, simulated.dff.values[:, inside])


def test_maps_and_kernels(tmp_path: Path) -> None:
    truth = twophoton.simulate_recording(tmp_path, stimulus="vision", cells=2, rows=40, columns=48, repeats=2, seed=3)
    recording = recording_in(tmp_path)
    run = twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(truth.label_image))
    maps = twophoton.compute_recording_response_maps(recording, epoch_windows=run.epoch_windows)
    options = twophoton.StimulusKernelOptions(stimulus_modality="vision", method="smooth")
    kernels = twophoton.fit_recording_stimulus_kernels(run, options)
    text = twophoton.write_report(tmp_path / "report.html", run, maps=maps, kernels=kernels).read_text("utf-8")
    drawn = figures(text)
    limit = maps.display_limit() * maps.response_scale
    bar = next(each for each in drawn["dF/F in each pixel"]["data"] if "marker" in each)
    assert bar["marker"]["cmax"] == pytest.approx(limit)
    assert len(drawn["dF/F in each pixel"]["layout"]["images"]) == len(maps.epochs)
    assert f"full colour at {limit:.3g}" in text
    lines = drawn["What responses remember of the stimulus"]["data"]
    for place, line in enumerate(lines):
        np.testing.assert_allclose(np.asarray(line["y"], float), kernels.contrast[0, place], rtol=1e-6)
    (row,) = table(text, "epoch")[:1]
    assert row[0] == "Random contrast"
    assert row[2] == str(kernels.fitted_stimulus_segment_counts[0])


def test_a_fit_at_its_bound_is_on_top(run: Any, tmp_path: Path) -> None:
    bound = replace(run.dff, tau=-0.01, metadata={**run.dff.metadata, "tau_at_bound": True})
    text = twophoton.write_report(tmp_path / "report.html", replace(run, dff=bound)).read_text("utf-8")
    assert "ended at its bound of 0.01 per frame: baselines and dF/F cannot be trusted; tau -0.01" in text
    assert text.index("ended at its bound") < text.index("<h2>Regions</h2>")


def test_notices(run: Any) -> None:
    epochs = run.epoch_means()
    assert notices(run, epochs) == []
    clock = replace(run, timing=replace(run.timing, source="interpolated_epochs"))
    assert "stimulus clock" in notices(clock, epochs)[0]
    once = [replace(epoch, trials=1) for epoch in epochs]
    assert "Odour was shown only once" in notices(run, once)[0]


def test_regions_that_the_filter_left_out(run: Any, tmp_path: Path) -> None:
    filters = twophoton.CorrelationFilterOptions("epoch_mean", 2.0)
    options = twophoton.ResponseProcessingOptions(correlation_filter=filters)
    strict = twophoton.compute_recording_responses(run.recording, run.roi_set, options=options)
    text = twophoton.write_report(tmp_path / "report.html", strict).read_text("utf-8")
    assert "trials do not agree: correlation below 2" in text
    assert "dF/F" in figures(text)
    assert "Means over trials" not in figures(text)


def test_background_that_is_left() -> None:
    """A part of the background stays in the regions: the correlation says so."""
    rng = np.random.default_rng(0)
    frames, noise = 400, 1.0

    part = SimpleNamespace(start_frame=0, stop_frame=frames, labels=("a", "b", "c"))
    window = SimpleNamespace(start_frame=0, stop_frame=frames)
    still = np.zeros(frames, bool)
    trend = 100 * np.exp(-np.arange(frames) / 300)[:, None]
    dark = rng.normal(size=(frames, 1))
    part.background_values = np.repeat(dark + trend, 3, axis=1)
    for share in (0.0, 1.0, -1.0):
        part.corrected_values = trend + share * dark + noise * rng.normal(size=(frames, 3))
        value, reason = background_left(part, (window,), still)
        assert value == pytest.approx(share / np.hypot(share, noise), abs=0.12)
        assert reason == ""
    part.background_values = np.zeros((frames, 3))
    assert background_left(part, (window,), still)[1] == "no background was subtracted"


def test_baseline_misfit(run: Any) -> None:
    places = np.array([10.0, 60.0, 110.0])
    fitted = 50 * np.exp(-0.001 * places)[:, None]
    shifted = replace(
        run.dff,
        tau=-0.001,
        amplitudes=np.array([50.0]),
        baseline_frame_numbers=places,
        baseline_fluorescence=1.03 * fitted,
    )
    assert baseline_misfit(shifted) == pytest.approx(0.03)
    assert np.isnan(baseline_misfit(replace(shifted, amplitudes=np.array([-50.0]))))


def standard_errors(run: Any, number: int) -> dict[tuple[str, str], tuple[float, float, int]]:
    """Mean, standard error and number of trials by region and time, with nothing but numpy."""
    found: dict[tuple[str, str], list[float]] = {}
    for trial in run.grouped_responses.trials:
        if trial.epoch_number == number:
            for time, values in zip(trial.time_seconds, trial.values, strict=True):
                for label, value in zip(run.dff.labels, values, strict=True):
                    found.setdefault((label, f"time_s_{time:.6f}"), []).append(value)
    figures = {}
    for key, values in found.items():
        known = np.array(values)[np.isfinite(values)]
        mean = known.mean() if known.size else np.nan
        error = np.std(known, ddof=1) / np.sqrt(known.size) if known.size > 1 else 0.0
        figures[key] = (float(mean), float(error), known.size)
    return figures


def bands(text: str) -> dict[tuple[str, str], tuple[Any, Any, Any]]:
    """Times, means and standard errors that a report draws, by region and epoch."""
    figure = figures(text)["Means over trials"]
    axes = {f"x{name.removeprefix('xaxis')}": name for name in figure["layout"] if name.startswith("xaxis")}
    titles = [each["text"].split()[-1] for each in figure["layout"]["annotations"][: len(axes)]]
    panel = dict(zip(sorted(axes, key=lambda name: int(name[1:] or 1)), titles, strict=False))
    found = {}
    for band, line in zip(figure["data"][::2], figure["data"][1::2], strict=True):
        high, low = np.split(np.asarray(band["y"], float), 2)
        times = np.asarray(band["x"], float)[: len(high)]
        found[panel[line.get("xaxis", "x")], line["name"]] = times, (high + low[::-1]) / 2, (high - low[::-1]) / 2
    return found


@pytest.mark.parametrize("repeats", [1, 3])
def test_tables_and_reports_show_the_same_numbers(repeats: int, tmp_path: Path) -> None:
    """One trial has no standard error: both say 0, as documented for tables and plots, and the report says why."""
    truth = twophoton.simulate_recording(tmp_path / "fly", cells=2, rows=32, columns=40, repeats=repeats, seed=5)
    rois = twophoton.make_roi_set_from_label_image(truth.label_image)
    run: Any = twophoton.analyze_recording_responses(recording_in(truth.folder), rois)
    table = pl.read_csv(run.response_summary_grouped_csv_path)
    text = twophoton.write_report(tmp_path / "report.html", run).read_text("utf-8")
    drawn = bands(text)
    for number, name in [(epoch.number, epoch.name) for epoch in run.epoch_means() if not epoch.baseline]:
        expected = standard_errors(run, number)
        for label in run.dff.labels:
            own = table.filter((pl.col("epoch_number") == number) & (pl.col("roi_label") == label))
            rows = {row["statistic"]: row for row in own.iter_rows(named=True)}
            for (region, time), (mean, error, count) in expected.items():
                if region == label:
                    blank = np.nan if rows["mean"][time] is None else rows["mean"][time]
                    assert blank == pytest.approx(mean, rel=1e-9, abs=1e-12, nan_ok=True)
                    assert rows["sem"][time] == pytest.approx(error, rel=1e-9, abs=1e-12)
                    assert rows["n_trials"][time] == count
            for time, mean, error in zip(*drawn[label, name], strict=True):
                column = min(rows["mean"], key=lambda name: abs(float(name[7:]) - time) if name[:4] == "time" else 9e9)
                assert mean == pytest.approx(rows["mean"][column], abs=1e-5)
                assert error == pytest.approx(rows["sem"][column], abs=1e-5)
    assert ("was shown only once" in text) == (repeats == 1)


def test_a_single_long_trial_does_not_make_the_peak(run: Any) -> None:
    grouped = run.grouped_responses
    trials = list(grouped.trials)
    last = next(place for place, trial in enumerate(trials) if trial.epoch_number == ODOUR)
    one = trials[last]
    longer = np.vstack([one.values, np.full((1, 2), 99.0)])
    times = np.append(one.time_seconds, one.time_seconds[-1] + 1 / grouped.data_rate_hz)
    trials[last] = replace(one, values=longer, time_seconds=times)
    changed = replace(run, grouped_responses=replace(grouped, trials=tuple(trials)))
    values, _ = peaks(changed.epoch_means())
    assert np.abs(values).max() < 1
    assert ranked(np.array([np.nan, 0.1, -0.5])) == [2, 1]


def test_outlines_enclose_their_pixels() -> None:
    mask = np.zeros((5, 6), bool)
    mask[1:3, 2:5] = True
    x, y = outline(np.flatnonzero(mask), 6)
    ends = np.column_stack([x, y]).reshape(-1, 3, 2)
    assert np.isnan(ends[:, 2]).all()
    # A rectangle of 2 x 3 pixels has ten edges of pixels around it, each once.
    edges = {tuple(sorted(map(tuple, edge[:2].tolist()))) for edge in ends}
    assert len(edges) == len(ends) == 10
    assert (np.nanmin(x), np.nanmax(x), np.nanmin(y), np.nanmax(y)) == (2, 5, 1, 3)


def test_colours_of_maps() -> None:
    colours = coloured(np.array([[-2.0, -1.0, 0.0, 1.0, np.nan]]), 1.0)[0].astype(int)
    assert colours[0].tolist() == colours[1].tolist()
    assert colours[1][2] > colours[1][0]
    assert colours[3][0] > colours[3][2]
    assert colours[2].min() > 235
    assert colours[4].tolist() == [222, 224, 227]

"""What the verdict on a recording goes by: clocks, parts of the film, trials."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from lumentrace import twophoton
from lumentrace.engine.verdict import Verdict
from lumentrace.twophoton.judgement import judge
from lumentrace.twophoton.measure import film
from lumentrace.twophoton.measure.agreement import clocks_apart
from lumentrace.twophoton.respond import reliability
from lumentrace.twophoton.respond.epochs import epoch_means
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.trials import GroupedRoiResponses, ResponseTrial
from twophoton_recording import make_recording


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> RecordingResponses:
    folder = tmp_path_factory.mktemp("judged")
    made = make_recording(folder / "fly")
    recording = twophoton.load_converted_recording(twophoton.convert_recording(made.folder, folder / "converted").path)
    return twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(made.labels))


def told(verdict: Verdict, text: str) -> bool:
    return any(text in reason.text for reason in verdict.reasons)


def test_frames_that_moved_and_dark_baselines(responses: RecordingResponses) -> None:
    assert not told(judge(responses), "moved")
    moved = np.zeros(220, bool)
    moved[40:100] = True
    shaken = replace(responses, recording=replace(responses.recording, motion_artifact_mask=moved))
    assert told(judge(shaken), "moved too far")
    dark = replace(responses, dff=replace(responses.dff, amplitudes=np.array([-1.0, 5.0])))
    assert told(judge(dark), "1 of 2 regions")
    darker = judge(replace(responses, dff=replace(responses.dff, amplitudes=np.array([-1.0, -5.0]))))
    assert darker.level == "not reliable"


def test_baselines_that_nobody_named(responses: RecordingResponses) -> None:
    names = tuple({"epochName": name} for name in ("Blank", "Odour"))
    recording = replace(responses.recording, stimulus_parameters=names)
    assert told(judge(replace(responses, recording=recording), baseline_named=False), "epoch 1, Blank, was taken")
    assert not told(judge(replace(responses, recording=recording)), "Blank")
    assert not told(judge(responses, baseline_named=False), "was taken")
    whole = twophoton.compute_recording_responses(
        responses.recording, responses.roi_set, baseline_mode="no_baseline_epoch"
    )
    assert told(judge(whole), "no baseline epoch")


def test_clocks_that_run_apart(responses: RecordingResponses) -> None:
    timing = responses.timing
    assert timing is not None
    assert clocks_apart(responses.recording, timing) == pytest.approx((0.0, -0.2), abs=0.01)
    table = responses.recording.stimulus_data.copy()
    table[:, 0] *= 1.05
    apart = replace(responses, recording=replace(responses.recording, stimulus_data=table))
    assert clocks_apart(apart.recording, timing)[0] == pytest.approx(0.05, abs=0.005)
    assert told(judge(apart), "do not agree")


@pytest.mark.parametrize("way", [(0.0, 0.0), (1.5, -2.25), (-3.0, 0.5)])
def test_parts_are_placed_to_a_fifth_of_a_pixel(way: tuple[float, float]) -> None:
    random = np.random.default_rng(1)
    scene = ndimage.gaussian_filter(random.random((60, 80)) ** 20, 2.5)
    images = np.stack([ndimage.shift(scene, np.multiply(way, step), order=3, mode="nearest") for step in (0, 0, 0, 1)])
    places, alike = film._registered(images)
    np.testing.assert_allclose(places[3] - places[0], way, atol=0.2)
    assert alike.min() > 0.5


def test_clipped_values_pile_up() -> None:
    random = np.random.default_rng(2)
    values = random.poisson(200, 100_000)
    for dtype, limit, share in ((np.uint16, 230, (values >= 230).mean()), (np.float32, 1000, 0.0), (np.uint8, 9, 1.0)):
        film_values = np.minimum(values, limit).astype(dtype)
        film_values[0] = 1
        top = Counter(film._greatest(film_values))
        assert film._clipped(top, values.size) == pytest.approx(share, abs=1e-4)


def trials(order: list[int], values: np.ndarray) -> GroupedRoiResponses:
    """A trial of four frames and a region for each value."""
    frames = np.arange(4)
    return GroupedRoiResponses(
        ("a",),
        10.0,
        tuple(
            ResponseTrial(epoch, f"e{epoch}", place, place, 0, 4, frames, frames / 10, np.full((4, 1), value))
            for place, (epoch, value) in enumerate(zip(order, values, strict=True))
        ),
    )


def test_reliability_is_that_of_all_orders() -> None:
    values = np.random.default_rng(3).standard_normal(8)
    order = [2, 3] * 4
    grouped = trials(order, values)
    found = reliability.reliability(grouped, epoch_means(grouped))
    apart = {own: abs(values[list(own)].mean() - np.delete(values, own).mean()) for own in combinations(range(8), 4)}
    exact = np.mean([each >= apart[0, 2, 4, 6] * (1 - 1e-9) for each in apart.values()])
    assert found.p == pytest.approx(exact, abs=0.04)
    assert found.least == 1 / 35


def test_reliability_leaves_baselines_out_if_it_can() -> None:
    order = [1, 2, 1, 3] * 4
    grouped = trials(order, np.where(np.array(order) == 1, 0.0, 1.0) + 1e-3 * np.arange(16) % 7)
    others = reliability.reliability(grouped, epoch_means(grouped, {1}))
    assert others.least == 1 / 35
    assert others.p > 0.05
    assert reliability.reliability(grouped, epoch_means(grouped)).p < 0.01
    once = reliability.reliability(trials([1, 2], np.zeros(2)), epoch_means(trials([1, 2], np.zeros(2))))
    assert np.isnan(once.p)


def test_the_verdict_comes_first(responses: RecordingResponses, tmp_path: Path) -> None:
    page = twophoton.write_report(tmp_path / "report.html", responses, verdict=Verdict()).read_text("utf-8")
    assert page.index("✓ good") < page.index('<dl class="figures">')

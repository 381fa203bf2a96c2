"""Spatio-temporal receptive fields from noise stimuli: smooth regression with the smoothness that is most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import film, table, whole
from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder
from lumentrace.twophoton.respond.field_fits import FieldFit, Plan, candidates, fitted
from lumentrace.twophoton.respond.held_out import explained, split
from lumentrace.twophoton.respond.permutation import false_discovery_rates

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LARGEST = 1e100
"""Products of larger numbers could be infinite."""
LEAST_ROWS = 20
"""Frames from which something is fitted."""
MOST_LAGS = 1000


@dataclass(frozen=True)
class ReceptiveFields(Recorded):
    """Receptive fields of regions; NaN with a reason where one cannot be measured.

    Attributes
    ----------
    roi_labels : tuple of str
    weights : ndarray
        (regions, lags, rows, columns): response for each unit of the stimulus so many frames before.
    standard_error : ndarray
        The same shape: posterior standard deviation of each weight.
    explained_variance : ndarray
        (regions,): share of the variance of held-out frames that the field predicts, below 0 if it does worse than
        their mean.
    correlation : ndarray
        (regions,): of prediction and response in held-out frames.
    p, q : ndarray
        (regions,): share of shifts in time of the response that correlate as well, and the least rate of false
        discoveries (Benjamini and Hochberg) at which the region is found.
    log_evidence : ndarray
        (regions,): how much more likely the response is with the field than without, natural logarithm; 0 or less
        means none was found.
    penalty, noise : ndarray
        (regions,): of the ridge, and the standard deviation of what the field does not explain.
    smoothness_pixels, smoothness_lags : ndarray
        (regions,): over how many pixels and frames weights are alike.
    frames : ndarray of int
        (regions,) that were used.
    reasons : tuple of tuple of str
        For each region why it has no field.
    """

    roi_labels: tuple[str, ...]
    weights: Floats = field(repr=False)
    standard_error: Floats = field(repr=False)
    explained_variance: Floats = field(repr=False)
    correlation: Floats = field(repr=False)
    p: Floats = field(repr=False)
    q: Floats = field(repr=False)
    log_evidence: Floats = field(repr=False)
    penalty: Floats = field(repr=False)
    noise: Floats = field(repr=False)
    smoothness_pixels: Floats = field(repr=False)
    smoothness_lags: Floats = field(repr=False)
    frames: Integers = field(repr=False)
    reasons: tuple[tuple[str, ...], ...] = field(repr=False)

    def peaks(self) -> Integers:
        """Lag, row and column (regions, 3) of the weight that is farthest from 0; -1 for regions without."""
        size = np.where(np.isfinite(self.weights), np.abs(self.weights), -1.0)
        flat = size.reshape(len(size), -1)
        place = np.stack(np.unravel_index(flat.argmax(axis=1), self.weights.shape[1:]), axis=1)
        return np.where((flat.max(axis=1) >= 0)[:, None], place, -1).astype(np.int64)


@unmasked
def fit_receptive_fields(
    stimulus: NDArray[Any],
    responses: NDArray[Any],
    *,
    lags: int = 8,
    roi_labels: Sequence[str] | None = None,
    smoothness_pixels: Sequence[float] = (0.0, 1.0, 2.0, 4.0),
    smoothness_lags: Sequence[float] = (0.0, 1.0, 2.0),
    penalty: float | None = None,
    held_out: float = 0.2,
) -> ReceptiveFields:
    """Regress responses on a stimulus and its past, with smooth weights.

    The response is y(t) = c + sum over lags and pixels of k s(t - lag) + noise. Weights have a Gaussian prior whose
    covariance falls with exp(-d^2 / (2 scale^2)) of the distances in pixels and in frames (automatic smoothness
    determination); scales and size of the prior are those of the largest evidence, for each region on its own. The
    standard error is that of the posterior: averaged over a field, about 95 % of the weights lie within 1.96 of it.
    Noise is taken to be white; slow noise, as by drift, is better filtered out first.

    Scales are chosen, weights fitted and responses predicted without the held-out frames, which are five stretches
    spread over the recording; the field that is given is fitted to all frames with these scales. `p` compares the
    held-out correlation with that at all shifts in time by more than `lags`.

    Cost: frames x functions^2 x lags and (functions x lags)^3 for each pair of scales, where functions are pixels for
    scale 0 and about pixels / scale^2 for larger ones. Scales with more than 4 000 functions x lags are left out.
    Regions that miss the same frames share this work.

    Parameters
    ----------
    stimulus : ndarray
        (frames, rows, columns): what was shown during each frame of the responses (`stimulus_at_frames`); where a
        pixel is not finite, the frame and the `lags` - 1 after it are left out.
    responses : ndarray
        (frames, regions), as `RoiDeltaFOverF.values`; NaN is left out.
    lags : int, default 8
        Frames from that of the response into the past.
    roi_labels : sequence of str, optional
        ``roi_0001`` and so on by default.
    smoothness_pixels, smoothness_lags : sequence of float
        Scales that are tried; 0 for weights that are independent of each other.
    penalty : float, optional
        Of the ridge, for all regions; that of the largest evidence by default.
    held_out : float, default 0.2
        Share of the frames that predictions are tried on; 0 for none.

    Returns
    -------
    ReceptiveFields

    Raises
    ------
    ValueError
        If shapes do not fit, numbers are too large, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> random = np.random.default_rng(0)
    >>> stimulus = random.choice([-1.0, 1.0], size=(2000, 6, 6))
    >>> response = np.roll(stimulus[:, 2, 3], 1) + random.normal(size=2000)
    >>> fields = twophoton.fit_receptive_fields(stimulus, response[:, None], lags=3)
    >>> fields.peaks().tolist(), float(fields.explained_variance[0].round(1)), bool(fields.q[0] < 0.01)
    ([[1, 2, 3]], 0.5, True)

    References
    ----------
    Sahani, M. and Linden, J. F.: Evidence optimization techniques for estimating stimulus-response functions. Adv.
    Neural Inf. Process. Syst. 15 (2003) 317. Aoi, M. C. and Pillow, J. W.: Scalable Bayesian inference for
    high-dimensional neural receptive fields. bioRxiv 212217 (2017). Nychka, D.: Bayesian confidence intervals for
    smoothing splines. J. Am. Stat. Assoc. 83 (1988) 1134.
    """
    recorder = Recorder()
    shown, y = _checked(stimulus, responses)
    lags = whole("lags", lags, 1, min(MOST_LAGS, len(shown)))
    labels = _labels(roi_labels, y.shape[1])
    if not 0 <= held_out <= 0.5:
        raise ValueError(f"`held_out`: expected a share from 0 to 0.5, found {held_out!r}")
    if penalty is not None and not 0 < penalty < np.inf:
        raise ValueError(f"`penalty`: expected a positive number, found {penalty!r}")
    scales = candidates(shown.shape[1:], lags, smoothness_pixels, smoothness_lags)
    known: NDArray[np.bool_] = np.asarray(np.isfinite(shown).all(axis=(1, 2)))
    inside = np.convolve(known, np.ones(lags, np.int64))[: len(known)] == lags
    level = shown[known].mean(axis=0) if known.any() else 0.0
    values = np.where(known[:, None, None], shown - level, 0.0)
    found = _Found.empty(y.shape[1], (lags, *shown.shape[1:]))
    for rows, own in _patterns(y, inside):
        found.fill(values, y[:, own], own, rows, scales, penalty, held_out)
    settings = {
        "lags": lags,
        "smoothness_pixels": list(smoothness_pixels),
        "smoothness_lags": list(smoothness_lags),
        "penalty": penalty,
        "held_out": held_out,
    }
    inputs = {"stimulus": stimulus, "responses": responses}
    return recorder.told(found.result(labels), "fit_receptive_fields", inputs, settings)


def _checked(stimulus: NDArray[Any], responses: NDArray[Any]) -> tuple[Floats, Floats]:
    film("stimulus", stimulus)
    table("responses", responses, 1)
    shown, y = (np.require(each, np.float64, ["C", "A"]) for each in (stimulus, responses))
    if len(shown) != len(y) or not len(y):
        raise ValueError(f"`responses`: expected a row for each of {len(shown)} frames of the stimulus, found {len(y)}")
    for name, values in (("stimulus", shown), ("responses", y)):
        largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
        if largest >= LARGEST:
            raise ValueError(f"`{name}`: expected numbers below {LARGEST:g}, found {largest:g}")
    return shown, y


def _labels(labels: Sequence[str] | None, regions: int) -> tuple[str, ...]:
    found = tuple(f"roi_{number:04d}" for number in range(1, regions + 1)) if labels is None else tuple(labels)
    if len(found) != regions:
        raise ValueError(f"`roi_labels`: expected {regions}, found {len(found)}")
    return found


def _patterns(y: Floats, inside: NDArray[np.bool_]) -> list[tuple[Integers, Integers]]:
    """Frames that are used, and the regions that use just these."""
    known = np.ascontiguousarray((np.isfinite(y) & inside[:, None]).T)
    groups: dict[bytes, list[int]] = {}
    for region, kept in enumerate(np.packbits(known, axis=1)):
        groups.setdefault(kept.tobytes(), []).append(region)
    return [(np.flatnonzero(known[own[0]]), np.array(own)) for own in groups.values()]


@dataclass
class _Found:
    """Results as they are filled in."""

    fit: FieldFit
    explained: Floats
    """(3, regions): explained variance, correlation and p."""
    frames: Integers
    reasons: list[tuple[str, ...]]

    @classmethod
    def empty(cls, regions: int, shape: tuple[int, ...]) -> _Found:
        nothing = ("no frame with a response and all of the stimulus before it",)
        reasons: list[tuple[str, ...]] = [nothing] * regions
        return cls(FieldFit.empty(regions, shape), np.full((3, regions), np.nan), np.zeros(regions, np.int64), reasons)

    def fill(
        self,
        stimulus: Floats,
        y: Floats,
        own: Integers,
        rows: Integers,
        scales: Sequence[tuple[float, float]],
        penalty: float | None,
        held_out: float,
    ) -> None:
        """Fit the regions that use these frames."""
        self.frames[own] = len(rows)
        train, test = split(rows, held_out)
        varies = np.ptp(y[train], axis=0) > 0 if len(train) else np.zeros(len(own), bool)
        shown = len(train) > 0 and bool(np.ptp(stimulus[train], axis=0).any())
        for region, good in zip(own, varies, strict=True):
            self.reasons[region] = _reason(len(train), bool(good), shown)
        if len(train) < LEAST_ROWS or not shown or not varies.any():
            return
        used, values, lags = own[varies], y[:, varies], self.fit.weights.shape[1]
        plan: Plan = {pair: np.arange(len(used)) for pair in scales}
        tried = fitted(stimulus, values, train, plan, lags, penalty)
        if len(test):
            self.explained[:, used] = explained(stimulus, tried.weights, values, test)
        chosen = {pair: np.flatnonzero((tried.scales == pair).all(axis=1)) for pair in scales}
        plan = {pair: regions for pair, regions in chosen.items() if regions.size}
        self.fit.put(used, fitted(stimulus, values, rows, plan, lags, penalty, errors=True))

    def result(self, labels: tuple[str, ...]) -> ReceptiveFields:
        fit = self.fit
        reasons = [
            (*own, *(("no field makes the response more likely",) if not own and gain <= 0 else ()))
            for own, gain in zip(self.reasons, fit.gain, strict=True)
        ]
        variance, correlation, p = self.explained
        return ReceptiveFields(
            labels,
            fit.weights,
            fit.errors,
            variance,
            correlation,
            p,
            false_discovery_rates(p),
            fit.gain,
            fit.penalty,
            fit.noise,
            fit.scales[:, 0],
            fit.scales[:, 1],
            self.frames,
            tuple(reasons),
        )


def _reason(rows: int, varies: bool, shown: bool) -> tuple[str, ...]:
    if rows < LEAST_ROWS:
        return (f"{rows} frames with a response and all of the stimulus before it, {LEAST_ROWS} are needed",)
    if not shown:
        return ("the stimulus does not change",)
    return () if varies else ("the response does not change",)

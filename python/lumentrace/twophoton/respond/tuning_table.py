"""What each region is tuned to, as a table."""

from __future__ import annotations

import numpy as np

from lumentrace.base.polars import pl
from lumentrace.twophoton.respond.permutation import PermutationTest
from lumentrace.twophoton.respond.selectivity import DirectionSelectivity
from lumentrace.twophoton.respond.split_half import SplitHalf
from lumentrace.twophoton.respond.tuning import TuningCurves

INDICES = ("dsi_vector", "osi_vector", "dsi_preferred_null", "osi_preferred_orthogonal")


def tuning_table(
    curves: TuningCurves,
    *,
    selectivity: DirectionSelectivity | None = None,
    tuned: PermutationTest | None = None,
    responsive: PermutationTest | None = None,
    reliability: SplitHalf | None = None,
) -> pl.DataFrame:
    """One row for each region with all that was measured of its tuning.

    Parameters
    ----------
    curves : TuningCurves
    selectivity : DirectionSelectivity, optional
    tuned, responsive : PermutationTest, optional
    reliability : SplitHalf, optional

    Returns
    -------
    polars.DataFrame
        ``number`` (from 1 on), ``roi_label``, ``preferred_stimulus``, ``preferred_response``; and, of what is given,
        ``preferred_direction_deg``, ``preferred_orientation_deg``, each index with its value, ``_corrected``, ``_low``
        and ``_high``, ``vector_index_of_noise``, ``tuned_p``, ``tuned_q``, ``responsive_p``, ``responsive_q``,
        ``split_half_r``, ``split_half_corrected``, ``remarks``. NaN where there is no value.

    Raises
    ------
    ValueError
        If the parts are of different regions.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> stimulus, repeat = np.tile([0.0, 90.0], 3), np.repeat([1, 2, 3], 2)
    >>> values = np.array([[1.0], [5.0], [2.0], [6.0], [3.0], [7.0]])
    >>> trials = twophoton.TrialResponses(("a",), "contrast", stimulus, repeat, values, np.zeros((6, 1)))
    >>> twophoton.tuning_table(twophoton.tuning_curves(trials)).rows()
    [(1, 'a', 90.0, 6.0)]
    """
    parts = {"selectivity": selectivity, "tuned": tuned, "responsive": responsive, "reliability": reliability}
    for name, part in parts.items():
        if part is not None and part.roi_labels != curves.roi_labels:
            raise ValueError(f"`{name}`: expected the {len(curves.roi_labels)} regions of the curves, found others")
    held = np.where(np.isfinite(curves.mean), curves.mean, -np.inf).max(axis=0)
    columns: dict[str, object] = {
        "number": np.arange(1, len(curves.roi_labels) + 1),
        "roi_label": pl.Series(curves.roi_labels, dtype=pl.String),
        "preferred_stimulus": curves.preferred(),
        "preferred_response": np.where(np.isfinite(held), held, np.nan),
    }
    if selectivity is not None:
        columns["preferred_direction_deg"] = selectivity.direction.value
        columns["preferred_orientation_deg"] = selectivity.orientation.value
        for name in INDICES:
            index = getattr(selectivity, name)
            columns[name] = index.value
            columns |= {f"{name}_{part}": getattr(index, part) for part in ("corrected", "low", "high")}
        columns["vector_index_of_noise"] = selectivity.of_noise
    for name, test in (("tuned", tuned), ("responsive", responsive)):
        if test is not None:
            columns |= {f"{name}_p": test.p, f"{name}_q": test.q}
    if reliability is not None:
        columns |= {"split_half_r": reliability.r, "split_half_corrected": reliability.corrected}
    if selectivity is not None:
        columns["remarks"] = pl.Series(["; ".join(own) for own in selectivity.reasons], dtype=pl.String)
    return pl.DataFrame(columns)

"""Ready-made pipelines: everything between the lines of a scanner and labelled trajectories."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self, TypeAlias

from lumentrace.data.lines import LineData
from lumentrace.engine.pipeline import Pipeline
from lumentrace.pept import tracking


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"text": text})


class _Recipe:
    """What recipes share: they are made from plain settings and sample the lines themselves."""

    name: ClassVar[str]
    error_note: ClassVar[str]
    """What the column `error` of the result means."""
    tracers: int
    sample_size: int
    overlap: int

    def pipeline(self) -> Pipeline:
        """The transformers of the recipe."""
        raise NotImplementedError

    def fit(self, lines: LineData, **options: Any) -> Any:
        """Track `lines`; `options` are those of `Pipeline.fit`."""
        sampled = lines.copy(deep=False)
        sampled.sample_size = self.sample_size * self.tracers
        sampled.overlap = self.overlap * self.tracers
        return self.pipeline().fit(sampled, **options)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Self:
        """A recipe from names and values.

        Raises
        ------
        ValueError
            If a name is unknown; the message has the nearest one.
        TypeError
            If a value has the wrong type.
        """
        known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
        for name, value in settings.items():
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; the settings are {', '.join(known)}"
                raise ValueError(f"recipe {cls.name!r}: unknown setting {name!r}{hint}")
            wanted = type(known[name].default)
            if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
                raise TypeError(f"recipe {cls.name!r}: expected {name} to be {wanted.__name__}, found {value!r}")
        return cls(**settings)

    def describe(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of every setting."""
        return [(f.name, getattr(self, f.name), f.metadata["text"]) for f in fields(self)]  # type: ignore[arg-type]


@dataclass(frozen=True)
class PeptML(_Recipe):
    """PEPT-ML: cutpoints, clustered twice, then separated into trajectories.

    Any number of tracers, robust against noise [1]_.

    References
    ----------
    .. [1] Nicuşan A. L., Windows-Yule C. R. K., Positron emission particle tracking using machine learning, Review of
       Scientific Instruments 91 (2020) 013329.

    Examples
    --------
    >>> from lumentrace.pept.recipes import PeptML
    >>> PeptML(tracers=2).pipeline().transformers[0]
    Cutpoints(append_indices = False, cutoffs = None, max_distance = 0.5)
    """

    name: ClassVar[str] = "peptml"
    error_note: ClassVar[str] = (
        "The column “error” is the spread of the cutpoints behind a location: the standard deviation of their "
        "distances from its centroid. It measures quality; the uncertainty of the location is far smaller."
    )
    tracers: int = _setting(1, "most tracers in the field of view")
    sample_size: int = _setting(200, "lines per sample, per tracer")
    overlap: int = _setting(150, "lines that consecutive samples share, per tracer")
    max_distance: float = _setting(0.5, "largest distance of two lines that make a cutpoint, mm")
    true_fraction: float = _setting(0.15, "fraction of the cutpoints that lie near tracers")
    second_sample_size: int = _setting(30, "locations per sample of the second pass, per tracer")
    second_overlap: int = _setting(29, "locations that these samples share, per tracer")
    second_true_fraction: float = _setting(0.6, "fraction of these locations that lie near tracers")
    segregate_window: int = _setting(20, "successors that a location is joined to, per tracer")
    cut_distance: float = _setting(10.0, "distance that separates two trajectories, mm")
    min_trajectory_size: int = _setting(5, "locations that make a trajectory")

    def pipeline(self) -> Pipeline:
        """The documented PEPT-ML recipe."""
        second_size = self.second_sample_size * self.tracers
        # The last centroid of a sample leaves room for one new one per step, whatever the number of tracers.
        second_overlap = second_size - (self.second_sample_size - self.second_overlap)
        return Pipeline(
            [
                tracking.Cutpoints(self.max_distance),
                tracking.HDBSCAN(self.true_fraction, self.tracers),
                tracking.SplitLabels(),
                tracking.Centroids(error=True),
                tracking.Stack(second_size, second_overlap),
                tracking.HDBSCAN(self.second_true_fraction, self.tracers),
                tracking.SplitLabels(),
                tracking.Centroids(),
                tracking.Segregate(self.segregate_window * self.tracers, self.cut_distance, self.min_trajectory_size),
            ]
        )


@dataclass(frozen=True)
class Birmingham(_Recipe):
    """The Birmingham method: one tracer, one location per sample, then separated where the trajectory is broken.

    References
    ----------
    .. [1] Parker D. J. et al., Positron emission particle tracking - a technique for studying flow within engineering
       equipment, Nuclear Instruments and Methods in Physics Research A 326 (1993) 592-607.
    """

    name: ClassVar[str] = "birmingham"
    error_note: ClassVar[str] = (
        "The column “error” is the root mean square distance of the used lines from the location. It is a measure of "
        "quality, not the uncertainty of the location, which is far smaller."
    )
    tracers: int = _setting(1, "always 1: the method locates a single tracer")
    sample_size: int = _setting(200, "lines per sample")
    overlap: int = _setting(150, "lines that consecutive samples share")
    fopt: float = _setting(0.5, "fraction of the lines to keep")
    segregate_window: int = _setting(20, "successors that a location is joined to")
    cut_distance: float = _setting(10.0, "distance that separates two trajectories, mm")
    min_trajectory_size: int = _setting(5, "locations that make a trajectory")

    def __post_init__(self) -> None:
        if self.tracers != 1:
            raise ValueError(f"recipe 'birmingham': expected tracers to be 1, found {self.tracers}; use 'peptml'")

    def pipeline(self) -> Pipeline:
        """The Birmingham method and the separation of trajectories."""
        return Pipeline(
            [
                tracking.BirminghamMethod(self.fopt),
                tracking.Stack(),
                tracking.Segregate(self.segregate_window, self.cut_distance, self.min_trajectory_size),
            ]
        )


Recipe: TypeAlias = PeptML | Birmingham
RECIPES: dict[str, type[Recipe]] = {recipe.name: recipe for recipe in (PeptML, Birmingham)}
"""The recipes by name."""

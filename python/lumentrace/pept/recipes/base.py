"""What recipes share: settings, the sampling of the lines and the separation of trajectories."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, ClassVar, Self

from lumentrace.base.errors import did_you_mean
from lumentrace.data.lines import LineData
from lumentrace.engine.samples.pipeline import Pipeline
from lumentrace.pept import tracking

LAST = ("segregate_window", "cut_distance", "min_trajectory_size")


def setting(default: Any, text: str) -> Any:
    """A field of a recipe: its default and what it means."""
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True)
class BaseRecipe(ABC):
    """A pipeline made from plain settings, for lines that it samples itself."""

    name: ClassVar[str]
    error_note: ClassVar[str]
    """What the column `error` of the result means."""

    tracers: int = setting(1, "most tracers in the field of view")
    sample_size: int = setting(200, "lines per sample, per tracer")
    overlap: int = setting(150, "lines that consecutive samples share, per tracer")
    segregate_window: int = setting(20, "successors that a location is joined to, per tracer")
    cut_distance: float = setting(10.0, "distance that separates two trajectories, mm")
    min_trajectory_size: int = setting(5, "locations that make a trajectory")

    @abstractmethod
    def locate(self) -> list[Any]:
        """Transformers from samples of lines to locations."""

    def pipeline(self) -> Pipeline:
        """The transformers of the recipe, the separation of trajectories last."""
        window = self.segregate_window * self.tracers
        return Pipeline([*self.locate(), tracking.Segregate(window, self.cut_distance, self.min_trajectory_size)])

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
        known = {each.name: each for each in cls._settings()}
        for name, value in settings.items():
            if name not in known:
                hint = did_you_mean(name, known) or f"; the settings are {', '.join(known)}"
                raise ValueError(f"recipe {cls.name!r}: unknown setting {name!r}{hint}")
            wanted = type(known[name].default)
            if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
                raise TypeError(f"recipe {cls.name!r}: expected {name} to be {wanted.__name__}, found {value!r}")
        return cls(**settings)

    def describe(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of every setting, in the order in which they are used."""
        return [(each.name, getattr(self, each.name), each.metadata["text"]) for each in self._settings()]

    @classmethod
    def _settings(cls) -> list[Field[Any]]:
        return sorted(fields(cls), key=lambda each: each.name in LAST)

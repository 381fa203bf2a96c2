"""What is known of the tracers of a stream, over all of it."""

from __future__ import annotations

from typing import Any

from lumentrace.pept.tracking.spans import merged
from lumentrace.pept.tracking.update import Fitted, Update

MANY = 64
"""Updates of a tracer that are joined at a time."""


class ModelSoFar:
    """The model of the lines of a stream, from what its updates tell; it does not grow with them.

    Examples
    --------
    >>> from lumentrace.pept import simulation
    >>> from lumentrace.pept.tracking import LineTracker
    >>> from lumentrace.pept.tracking.model_so_far import ModelSoFar
    >>> lines = simulation.simulate([simulation.Static()], n=20_000, noise=0.5, seed=1).lines
    >>> model = ModelSoFar()
    >>> for update in LineTracker().stream([lines.lines]):
    ...     model.add(update)
    >>> round(model.about["explained"], 1), len(model.about["tracers"])
    (0.5, 1)
    """

    def __init__(self) -> None:
        self._tracers: dict[int, list[Fitted]] = {}
        self._used = self._unused = 0

    def add(self, update: Update) -> None:
        """Take what an update tells."""
        self._used, self._unused = update.lines - update.unused, update.unused
        for new in update.fitted:
            known = self._tracers.setdefault(new.about["label"], [])
            known.append(new)
            if len(known) == MANY:
                known[:] = [self._joined(known)]

    @property
    def about(self) -> dict[str, Any]:
        """In the form of the attribute `tracker` of trajectories.

        No pass is made over all lines of a stream, so that nothing tells whether one would change the model.
        """
        tracers = [self._joined(known).about for _, known in sorted(self._tracers.items())]
        return {
            "tracers": tracers,
            "explained": sum(tracer["activity"] for tracer in tracers),
            "unused": self._unused,
            "passes": 0,
            "settled": False,
        }

    def _joined(self, known: list[Fitted]) -> Fitted:
        """What is known of a tracer; its activity is its share of all lines so far."""
        entries = [(each.about, each.lines) for each in known]
        about = merged(known[0].about["label"], entries, max(self._used, 1))
        return Fitted(about, sum(each.lines for each in known))

"""What an analysis module is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from lumentrace.base.errors import did_you_mean

from ..stack import AFMImageStack


class AnalysisModule(ABC):
    """One analysis of a stack, e.g. of a plugin.

    Attributes
    ----------
    version : str or None
        Kept in the record.
    requires : sequence of str
        Modules of which at least one has to run before.

    Examples
    --------
    >>> from lumentrace.afm import AnalysisModule
    >>> class MeanHeight(AnalysisModule):
    ...     name = "mean_height"
    ...     def run(self, stack, previous_results=None, **params):
    ...         return {"means": stack.data.mean(axis=(1, 2))}
    """

    version: ClassVar[str | None] = None
    requires: ClassVar[Sequence[str]] = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """Name in pipelines and records."""

    @abstractmethod
    def run(
        self, stack: AFMImageStack, previous_results: Mapping[str, dict[str, Any]] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Analyse a stack.

        Parameters
        ----------
        stack : AFMImageStack
        previous_results : dict, optional
            Outputs of the modules that ran before, by name; the latest of each.
        **params
            Settings of the module.

        Returns
        -------
        dict
            Outputs by name.
        """

    def settings(self) -> list[str]:
        """Names of all settings."""
        parameters = inspect.signature(self.run).parameters.values()
        return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]

    def check(self, params: Mapping[str, Any]) -> None:
        """Refuse settings that `run` would refuse, before anything is run.

        A `run` that ends in ``**unknown`` takes no settings but those it names; one that ends in another such argument
        may take any.

        Raises
        ------
        TypeError, ValueError
            For a setting that is not there or out of range.
        """
        last = list(inspect.signature(self.run).parameters.values())[-1]
        if last.kind is not last.VAR_KEYWORD or last.name == "unknown":
            self.refuse({name: value for name, value in params.items() if name not in self.settings()})

    def refuse(self, unknown: Mapping[str, Any]) -> None:
        """Refuse settings that the module does not have.

        Raises
        ------
        TypeError
            If there are any; the message names the nearest one that it has.
        """
        for name in unknown:
            raise TypeError(f"{self.name}: found an unknown setting {name!r}{did_you_mean(name, self.settings())}")

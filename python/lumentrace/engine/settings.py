"""Settings of a run: one language for Python, settings files and the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from lumentrace.base.documents import SETTINGS, document
from lumentrace.base.errors import FormatError, did_you_mean, shown

KINDS = {".toml": "TOML", ".yaml": "YAML", ".yml": "YAML", ".json": "JSON"}


def setting(default: Any, text: str) -> Any:
    """A field of settings: its default and what it means."""
    return field(default=default, metadata={"text": text})


@dataclass(frozen=True)
class Settings:
    """Plain values that say how a run is made; subclasses list them with `setting` and check them."""

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], source: str = "settings") -> Self:
        """Settings from names and values.

        Parameters
        ----------
        given : mapping
            What differs from the defaults.
        source : str
            What messages begin with.

        Raises
        ------
        ValueError
            If a name is unknown; the message has the nearest one.
        TypeError
            If a value has the wrong type.
        """
        known = {each.name: each for each in cls._fields()}
        for name, value in given.items():
            if name not in known:
                hint = did_you_mean(name, known) or f"; the settings are {', '.join(known)}"
                raise ValueError(f"{source}: unknown setting {name!r}{hint}")
            _check_type(source, name, value, known[name].default)
        return cls(**given)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Settings from a file.

        Raises
        ------
        FormatError
            If the file is none, or has settings that are unknown or of the wrong type.
        """
        return cls._of_file(path, read_mapping(path))

    @classmethod
    def _of_file(cls, path: Path, given: Mapping[str, Any]) -> Self:
        """Settings from what a file says; errors name it."""
        try:
            return cls.from_mapping(given, str(path))
        except (TypeError, ValueError, OSError) as error:
            text = str(error)
            raise FormatError(text if text.startswith(str(path)) else f"{path}: {text}") from None

    def changed(self, given: Mapping[str, Any]) -> Self:
        """The same settings with other values; None leaves one as it is."""
        return replace(self, **{name: value for name, value in given.items() if value is not None})

    def describe(self) -> list[tuple[str, Any, str]]:
        """Name, value and meaning of every setting, in the order in which they are used."""
        return [(each.name, getattr(self, each.name), each.metadata["text"]) for each in self._fields()]

    def to_toml(self, head: str) -> str:
        """A settings file with a comment on each setting, below a line that says what it is.

        A setting without a value is a comment itself: TOML has no word for nothing.

        Examples
        --------
        >>> from lumentrace.pept.recipes import Lines
        >>> print(Lines(tracers=2).to_toml("Settings."))
        # Settings.
        <BLANKLINE>
        tracers = 2  # most tracers at a time; as many as there are, if there is no number
        # every =  # time between locations, ms; as often as there are lines for them, by default
        """
        lines = (_line(name, value, text) for name, value, text in self.describe())
        return "\n".join([f"# {head}", "", *lines])

    def to_dict(self) -> dict[str, Any]:
        """Names and values; `from_mapping` makes the same settings of them."""
        return asdict(self)

    def defaults(self) -> dict[str, Any]:
        """Names and values of settings that nobody chose."""
        return type(self)().to_dict()

    @classmethod
    def _fields(cls) -> list[Field[Any]]:
        return list(fields(cls))


def _line(name: str, value: Any, text: str) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    return f"# {name} =  # {text}" if value is None else f"{name} = {json.dumps(plain, ensure_ascii=False)}  # {text}"


def _check_type(source: str, name: str, value: Any, default: Any) -> None:
    if default is None or value is None:
        return
    wanted: Any = {float: (int, float), tuple: (list, tuple)}.get(type(default), type(default))
    if isinstance(value, bool) != isinstance(default, bool) or not isinstance(value, wanted):
        raise TypeError(f"{source}: expected {name} to be {type(default).__name__}, found {shown(value)}")


def read_mapping(path: Path, bare: str = "") -> dict[str, Any]:
    """Names and values of a file in TOML, YAML (``.yaml``, ``.yml``) or JSON (``.json``).

    A list that stands alone in the file is the value of the name `bare`, if there is one.

    Raises
    ------
    FormatError
        If it is none.
    """
    suffix = path.suffix.lower()
    if suffix not in KINDS:
        raise FormatError(f"{path}: expected settings ending in {', '.join(KINDS)}, found {suffix!r}")
    found = document(path, KINDS[suffix], SETTINGS)
    if bare and isinstance(found, list):
        return {bare: found}
    if not isinstance(found, dict):
        raise FormatError(f"{path}: expected names and values, found {type(found).__name__}")
    return found

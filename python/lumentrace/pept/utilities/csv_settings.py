"""How a text file is to be read: in the one way that the fast parser knows, or as pandas does."""

from __future__ import annotations

import functools
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.pept.utilities.text_table import WHITE_SPACE

_PLAIN = {"header": None, "engine": "c", "na_filter": False, "quoting": 3, "memory_map": True}


@dataclass(frozen=True)
class CsvSettings:
    """Keywords of `pandas.read_csv`, with the defaults that `pept` gives them."""

    sep: str = WHITE_SPACE
    header: int | None = None
    engine: str = "c"
    na_filter: bool = False
    quoting: int = 3
    memory_map: bool = True
    others: dict[str, Any] | None = None

    def are_plain_for(self, source: Any) -> bool:
        """Whether the fast parser can read `source`."""
        one_character = len(self.sep.encode()) == 1 and self.sep not in "\r\n#"
        return not self._changed() and not _is_remote(source) and (self.sep == WHITE_SPACE or one_character)

    def pandas(self, caller: str) -> Any:
        """`pandas.read_csv` with these settings; `caller` is named if there is no pandas.

        Raises
        ------
        ImportError
            If there is none.
        """
        if importlib.util.find_spec("pandas") is None:
            reason = ", ".join(self._changed()) or "this source or separator"
            raise ImportError(f"{caller} with {reason} needs pandas: pip install lumentrace[pandas]")
        return functools.partial(_read, self.keywords())

    def keywords(self) -> dict[str, Any]:
        """All of them by name."""
        return {"sep": self.sep, **{name: getattr(self, name) for name in _PLAIN}, **(self.others or {})}

    def _changed(self) -> list[str]:
        return [name for name, value in _PLAIN.items() if getattr(self, name) != value] + list(self.others or {})


def _read(settings: dict[str, Any], source: Any, **others: Any) -> Any:
    import pandas as pd

    if hasattr(source, "read"):
        settings = {**settings, "memory_map": False}
    elif not _is_remote(source) and Path(source).exists():
        regular(source)
    with damage_named(source):
        return pd.read_csv(source, **{**settings, **others})


@contextmanager
def damage_named(source: Any) -> Iterator[None]:
    """What pandas raises on text that is no table of numbers, as an error that names the file."""
    try:
        yield
    except (ValueError, OverflowError) as error:
        name = source if isinstance(source, (str, os.PathLike)) else getattr(source, "name", "the open file")
        raise FormatError(f"{name}: expected rows of numbers, found something else ({error})") from error


def _is_remote(source: Any) -> bool:
    text = os.fspath(source) if isinstance(source, (str, os.PathLike)) else ""
    return "://" in str(text) and not str(text).startswith("file://")

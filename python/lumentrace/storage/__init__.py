"""How data is kept: containers, tables, and files for other programs. Everything is imported when first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lumentrace.storage.container import load as load
    from lumentrace.storage.container import save as save
    from lumentrace.storage.pickles import import_pickle as import_pickle
    from lumentrace.storage.tables import read_parquet as read_parquet
    from lumentrace.storage.tables import to_csv as to_csv
    from lumentrace.storage.tables import to_pandas as to_pandas
    from lumentrace.storage.tables import to_parquet as to_parquet
    from lumentrace.storage.tables import to_polars as to_polars
    from lumentrace.storage.vtp import to_vtp as to_vtp

_HOMES = {
    "import_pickle": "pickles",
    "load": "container",
    "read_parquet": "tables",
    "save": "container",
    "to_csv": "tables",
    "to_pandas": "tables",
    "to_parquet": "tables",
    "to_polars": "tables",
    "to_vtp": "vtp",
}

__all__ = [*_HOMES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"lumentrace.storage.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'lumentrace.storage' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

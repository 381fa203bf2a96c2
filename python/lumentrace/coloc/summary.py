"""Figures of a whole table, the same in records and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SHOWN = ("pcc", "srcc", "icq", "m1", "m2")


def key_figures(table: pl.DataFrame) -> dict[str, float]:
    """Rows, rows with something missing, and medians of the measures that there are.

    Parameters
    ----------
    table : polars.DataFrame
        That of `lumentrace.coloc.colocalization_table`.

    Returns
    -------
    dict
        `rows`; `incomplete`; medians by column.

    Examples
    --------
    >>> from lumentrace.coloc import colocalization_table
    >>> from lumentrace.coloc.summary import key_figures
    >>> table = colocalization_table([[0, 1, 2, 3], [0, 2, 1, 3]], metrics="pcc")  # too few pixels for a p-value
    >>> key_figures(table)
    {'rows': 1, 'incomplete': 1, 'pcc': 0.8}
    """
    medians = {name: _median(table, name) for name in SHOWN}
    return {
        "rows": len(table),
        "incomplete": int((table["status"] != "ok").sum()),
        **{name: value for name, value in medians.items() if value is not None},
    }


def _median(table: pl.DataFrame, column: str) -> float | None:
    value = table[column].fill_nan(None).drop_nulls().median()
    return float(value) if isinstance(value, (int, float)) else None


def by_region(table: pl.DataFrame) -> dict[int, dict[str, float | None]]:
    """The measures of each region, named by the pair of channels and what is measured: ``dna:actin pcc``.

    Parameters
    ----------
    table : polars.DataFrame
        That of `lumentrace.coloc.colocalization_table`, of whole regions.
    """
    found: dict[int, dict[str, float | None]] = {}
    measures = [name for name, kind in table.schema.items() if kind.is_numeric() and name != "region"]
    for row in table.iter_rows(named=True):
        pair = f"{row['channel_a']}:{row['channel_b']}"
        own = found.setdefault(int(row["region"]), {})
        own.update({f"{pair} {name}": row[name] for name in measures})
    return found

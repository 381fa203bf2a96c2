"""Randomisations of pairs of channels as bytes, to be kept between runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.coloc.measure.randomization import Randomization
from lumentrace.storage import guard, table_bytes, table_from_bytes

FIGURES = ("observed", "mean", "sd", "z", "p_right", "p_left", "p_two", "n_blocks", "reason")


def nulls_bytes(nulls: Mapping[tuple[str, str], Randomization]) -> bytes:
    """A row for each pair, with its shuffles as a list and its history as JSON."""
    rows = [
        {
            "channel_a": one,
            "channel_b": two,
            **{name: getattr(drawn, name) for name in FIGURES},
            "null": drawn.null.tolist(),
            "provenance": json_text(drawn.provenance.to_dict()),
        }
        for (one, two), drawn in nulls.items()
    ]
    whole, text = {"n_blocks"}, {"channel_a", "channel_b", "reason", "provenance"}
    names = ("channel_a", "channel_b", *FIGURES, "provenance")
    schema = {name: pl.Int64 if name in whole else pl.String if name in text else pl.Float64 for name in names}
    return table_bytes(pl.DataFrame(rows, schema={**schema, "null": pl.List(pl.Float64)}))


def nulls_from_bytes(content: bytes) -> dict[tuple[str, str], Randomization]:
    """The randomisations that `nulls_bytes` was given."""
    table = table_from_bytes(content)
    return {
        (row["channel_a"], row["channel_b"]): Randomization(
            **{name: row[name] for name in FIGURES},
            null=null.to_numpy(),
            provenance=Provenance.from_dict(json.loads(row["provenance"])),
        )
        for row, null in zip(table.drop("null").rows(named=True), table["null"], strict=True)
    }


def nulls_of_file(path: Path) -> dict[tuple[str, str], Randomization]:
    """The randomisations in a file that holds what `nulls_bytes` gives.

    Raises
    ------
    FormatError
        If it is damaged.
    OSError
        If it cannot be read.
    """
    content = regular(path).read_bytes()
    guard.look("arrow", path)
    try:
        return nulls_from_bytes(content)
    except (ValueError, LookupError, TypeError, AttributeError, pl.exceptions.PolarsError) as error:
        raise FormatError(f"{path}: expected randomisations, found a damaged file ({error})") from error

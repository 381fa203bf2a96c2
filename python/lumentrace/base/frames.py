"""Data frames for pandas, which may not be installed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


def pandas_frame(frame: pl.DataFrame, units: Mapping[str, str]) -> pd.DataFrame:
    """A copy of a table for pandas, with the units of its columns in ``attrs["units"]``.

    Whole numbers are floating-point ones where some are missing, as pandas has them.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError('pandas is not installed; get it with `pip install "lumentrace[pandas]"`') from error
    made = pd.DataFrame({name: frame[name].to_numpy(writable=True) for name in frame.columns}, columns=frame.columns)
    made.attrs["units"] = {name: units.get(name, "") for name in frame.columns}
    return made

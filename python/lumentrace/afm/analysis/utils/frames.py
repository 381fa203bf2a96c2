"""Features by frame."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lumentrace.base.polars import pl
from lumentrace.storage.sink import replaced_through_sink


def features_to_dataframe(
    features_per_frame: Sequence[Sequence[Mapping[str, Any]]], columns: Mapping[str, type] | None = None
) -> pl.DataFrame:
    """A row for each feature, with all of its figures.

    Parameters
    ----------
    features_per_frame : list of list of dict
        As of feature detection or spots.
    columns : dict, optional
        Names and types of what there is without any feature.

    Returns
    -------
    polars.DataFrame
        `frame`, and a column for each figure; of tuples one for each member, e.g. `bbox_0` to `bbox_3`.

    Examples
    --------
    >>> from lumentrace.afm.analysis.utils.frames import features_to_dataframe
    >>> features_to_dataframe([[], [{"label": 1, "centroid": (2.0, 3.0)}]]).rows(named=True)
    [{'frame': 1, 'label': 1, 'centroid_0': 2.0, 'centroid_1': 3.0}]
    """
    flat = [{"frame": number, **feature} for number, frame in enumerate(features_per_frame) for feature in frame]
    if not flat:
        return pl.DataFrame(schema={"frame": int, **(columns or {})})
    found: dict[str, Any] = {}
    for name, value in flat[0].items():
        values: list[Any] = [feature.get(name) for feature in flat]
        if isinstance(value, tuple):
            found |= {f"{name}_{place}": [each[place] for each in values] for place in range(len(value))}
        else:
            found[name] = values
    return pl.DataFrame(found)


def frame_summary_to_dataframe(features_per_frame: Sequence[Sequence[Mapping[str, Any]]]) -> pl.DataFrame:
    """A row for each frame.

    Parameters
    ----------
    features_per_frame : list of list of dict
        As of feature detection.

    Returns
    -------
    polars.DataFrame
        `frame_index`, `n_features`, `total_area`, `mean_area` (pixels; 0 without features), `mean_intensity` (mean of
        the features' means; null without features). ``.to_pandas()`` makes it a pandas one.

    Examples
    --------
    >>> from lumentrace.afm.analysis.utils.frames import frame_summary_to_dataframe
    >>> frame_summary_to_dataframe([[{"area": 4.0, "mean": 2.0}], []])["total_area"].to_list()
    [4.0, 0.0]
    """
    rows = []
    for number, features in enumerate(features_per_frame):
        areas = [float(feature["area"]) for feature in features]
        means = [float(feature["mean"]) for feature in features]
        rows.append(
            {
                "frame_index": number,
                "n_features": len(features),
                "total_area": sum(areas),
                "mean_area": sum(areas) / len(areas) if areas else 0.0,
                "mean_intensity": sum(means) / len(means) if means else None,
            }
        )
    columns = {
        "frame_index": pl.Int64,
        "n_features": pl.Int64,
        "total_area": pl.Float64,
        "mean_area": pl.Float64,
        "mean_intensity": pl.Float64,
    }
    return pl.DataFrame(rows, schema=columns)


def plot_frame_histogram(
    df: pl.DataFrame, column: str, ax: Any = None, save_to: str | os.PathLike[str] | None = None, bins: int = 20
) -> Any:
    """Draw a histogram of a column with matplotlib.

    Parameters
    ----------
    df : polars.DataFrame
        E.g. of `frame_summary_to_dataframe`.
    column : str
    ax : matplotlib.axes.Axes, optional
    save_to : path, optional
        Write the figure there.
    bins : int, default 20

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed: ``pip install lumentrace[matplotlib]``.
    ValueError
        If there is no such column.
    """
    if column not in df.columns:
        raise ValueError(f"`column`: expected one of {', '.join(df.columns)}, found {column!r}")
    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(layout="constrained").add_subplot()
    ax.hist(df[column].drop_nulls().to_numpy(), bins=bins)
    ax.set_xlabel(column.replace("_", " "))
    ax.set_ylabel("frames")
    if save_to is not None:
        path = Path(save_to)
        path = path if path.suffix else path.with_suffix(".png")
        with replaced_through_sink(path) as file:
            ax.figure.savefig(file, format=path.suffix.removeprefix("."))
    return ax

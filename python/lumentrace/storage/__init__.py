"""How data is kept: containers, tables, and files for other programs. Everything is imported when first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.storage.container import from_bytes as from_bytes
    from lumentrace.storage.container import load as load
    from lumentrace.storage.container import save as save
    from lumentrace.storage.container import to_bytes as to_bytes
    from lumentrace.storage.frames import table_bytes as table_bytes
    from lumentrace.storage.frames import table_from_bytes as table_from_bytes
    from lumentrace.storage.frames import write_table as write_table
    from lumentrace.storage.geojson import Shape as Shape
    from lumentrace.storage.geojson import label_shapes as label_shapes
    from lumentrace.storage.geojson import write_geojson as write_geojson
    from lumentrace.storage.images.opening import open_image as open_image
    from lumentrace.storage.images.writing import write_image as write_image
    from lumentrace.storage.pickles import import_pickle as import_pickle
    from lumentrace.storage.pvd import to_pvd as to_pvd
    from lumentrace.storage.sheets import write_csv as write_csv
    from lumentrace.storage.tables import read_parquet as read_parquet
    from lumentrace.storage.tables import to_csv as to_csv
    from lumentrace.storage.tables import to_pandas as to_pandas
    from lumentrace.storage.tables import to_parquet as to_parquet
    from lumentrace.storage.tables import to_polars as to_polars
    from lumentrace.storage.tiff import Picture as Picture
    from lumentrace.storage.tiff import read_tiff as read_tiff
    from lumentrace.storage.trackmate import to_trackmate as to_trackmate
    from lumentrace.storage.trackmate_read import read_trackmate as read_trackmate
    from lumentrace.storage.vtp import to_vtp as to_vtp
    from lumentrace.storage.xarray_tables import from_xarray as from_xarray
    from lumentrace.storage.xarray_tables import to_xarray as to_xarray

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "Picture": "lumentrace.storage.tiff",
        "Shape": "lumentrace.storage.geojson",
        "from_bytes": "lumentrace.storage.container",
        "from_xarray": "lumentrace.storage.xarray_tables",
        "import_pickle": "lumentrace.storage.pickles",
        "label_shapes": "lumentrace.storage.geojson",
        "load": "lumentrace.storage.container",
        "open_image": "lumentrace.storage.images.opening",
        "read_parquet": "lumentrace.storage.tables",
        "read_tiff": "lumentrace.storage.tiff",
        "read_trackmate": "lumentrace.storage.trackmate_read",
        "save": "lumentrace.storage.container",
        "table_bytes": "lumentrace.storage.frames",
        "table_from_bytes": "lumentrace.storage.frames",
        "to_bytes": "lumentrace.storage.container",
        "to_csv": "lumentrace.storage.tables",
        "to_pandas": "lumentrace.storage.tables",
        "to_parquet": "lumentrace.storage.tables",
        "to_polars": "lumentrace.storage.tables",
        "to_pvd": "lumentrace.storage.pvd",
        "to_trackmate": "lumentrace.storage.trackmate",
        "to_vtp": "lumentrace.storage.vtp",
        "to_xarray": "lumentrace.storage.xarray_tables",
        "write_csv": "lumentrace.storage.sheets",
        "write_geojson": "lumentrace.storage.geojson",
        "write_image": "lumentrace.storage.images.writing",
        "write_table": "lumentrace.storage.frames",
    },
)

"""Every format that the documentation says is read or written has a test, which is named here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEADER = "| format | read | write | by | tested against |"
TABLES = "storage/test_tables.py"
REGIONS = "twophoton/test_regions_exchange.py"
READING, WRITING = "storage/images/test_reading.py", "storage/images/test_writing.py"
TESTS = {
    "files.md": {
        "container, `.h5`": ("storage/test_storage.py", "test_other_programs_can_read_it"),
        "Parquet": (TABLES, "test_parquet_for_other_programs"),
        "Parquet in parts": ("pept/test_data_set.py", "test_a_large_run_is_a_data_set"),
        "plain text": (TABLES, "test_csv_is_what_savetxt_writes"),
        "CSV with units": ("cli/test_info_and_convert.py", "test_any_other_table_keeps_its_types"),
        "VTP": (TABLES, "test_vtp_of_labelled_points"),
        "PVD, time series": ("storage/test_pvd.py", "test_each_time_has_the_rows_of_all_tracers"),
        "TrackMate, table of spots": ("storage/test_trackmate.py", "test_pandas_reads_it_as_users_of_trackmate_do"),
        "datasets of xarray; Zarr, netCDF": ("storage/test_xarray.py", "test_it_comes_back_and_is_kept_by_zarr"),
        "Arrow, in memory": ("storage/test_arrow.py", "test_pyarrow_takes_names_types_units_and_bits"),
        "polars, pandas": (TABLES, "test_data_frames"),
        "GeoJSON": ("storage/test_geojson.py", "test_polygons_fill_their_pixels_and_no_others"),
        "label images, TIFF": (REGIONS, "test_labels_of_other_programs"),
        "Suite2p, a plane": ("twophoton/test_suite2p_folder.py", "test_what_is_written_is_read_again"),
        "NWB": ("twophoton/test_nwb.py", "test_the_inspector_has_no_complaint"),
        "MetaImage, displacement": ("stain/test_field.py", "test_points_go_where_the_registration_sends_them"),
        "FITS": ("stain/test_golden.py", "test_checkpoint_files"),
        "MATLAB, `.mat` 5 to 7": (
            "storage/test_matlab.py",
            "test_everything_scipy_writes_is_read_as_scipy_reads_it",
        ),
        "pickles of pept": ("storage/test_pickles.py", "test_lines_with_time_windows"),
    },
    "images.md": {
        "TIFF, BigTIFF, ImageJ-TIFF, LSM": (READING, "test_an_ome_tiff_says_axes_channels_sizes_and_times"),
        "OME-TIFF, with smaller copies": (WRITING, "test_tifffile_reads_our_ome_tiff"),
        "slides: SVS, NDPI, SCN, QPTIFF": (READING, "test_slides_say_their_size_of_pixels"),
        "OME-Zarr 0.4 and 0.5, on disk": (WRITING, "test_outside_validators_accept_our_ome_zarr"),
        "MRC, CCP4": (READING, "test_mrc_files_are_read_as_their_layout_says"),
        "CZI, LIF, ND2 and others": (WRITING, "test_bioio_opens_our_ome_zarr"),
        "arrays of numpy, Dask, Zarr": (READING, "test_parts_of_parts_are_those_of_the_array"),
        "arrays of xarray": ("storage/images/test_xarray.py", "test_arrays_of_others"),
    },
}
"""By page and row: file and function."""


def formats(page: str) -> list[str]:
    """First cells of the rows of the table."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    rows = lines[lines.index(HEADER) + 2 :]
    end = next(number for number, line in enumerate(rows) if not line.startswith("|"))
    return [re.split(r" \| ", line.strip("| "))[0] for line in rows[:end]]


@pytest.mark.parametrize("page", TESTS)
def test_each_row_names_a_test(page: str) -> None:
    assert formats(page) == list(TESTS[page])


@pytest.mark.parametrize("page", TESTS)
def test_the_tests_exist(page: str) -> None:
    for file, name in TESTS[page].values():
        tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, f"{file}: {name}"

"""`lumentrace info` and `lumentrace convert`: any file of any technique."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tifffile
from typer.testing import CliRunner

from helpers import assert_identical
from lumentrace import LineData, PointData, afm, load, save, storage
from lumentrace.afm.simulation import simulate_film, write_asd
from lumentrace.base.provenance import Provenance
from lumentrace.cli.main import app
from lumentrace.engine.record import RunRecord
from lumentrace.engine.verdict import Verdict
from lumentrace.pept import simulation
from lumentrace.stain import simulate as stains
from lumentrace.twophoton import simulate_lab

ROWS = np.random.default_rng(1).random((300, 7))


def command(*arguments: object) -> tuple[int, str, str]:
    """Exit code, standard output and standard error, without line breaks inside of messages."""
    done = CliRunner().invoke(app, list(map(str, arguments)))
    return done.exit_code, done.stdout, done.stderr


def points() -> PointData:
    made = PointData(np.column_stack([ROWS[:, :4], np.arange(300) // 100]), columns=["t", "x", "y", "z", "label"])
    made.units = {"t": "s", "x": "cm", "y": "cm", "z": "cm"}
    made.provenance = Provenance({"path": "run.da01"})
    return made


def run_folder(folder: Path) -> Path:
    verdict = Verdict()
    record = RunRecord("pept", {}, Provenance({"path": "run.da01"}), {"locations": 831, "speed": None}, verdict=verdict)
    (folder / "results").mkdir()
    record.write(folder / "results" / "run.json")
    return folder / "results"


def adac(folder: Path) -> Path:
    lines = simulation.simulate([simulation.Static()], n=500, noise=0.2, seed=1).lines
    simulation.write_adac(folder / "run", lines, separation=500)
    return folder / "run"


def text_of_lines(folder: Path) -> Path:
    storage.to_csv(folder / "lines.txt", LineData(ROWS))
    return folder / "lines.txt"


def saved(folder: Path) -> Path:
    save(folder / "kept", points(), compress=True)
    return folder / "kept"


def csv(folder: Path) -> Path:
    storage.write_csv(folder / "points.csv", points())
    return folder / "points.csv"


def frame(folder: Path) -> Path:
    storage.write_table(folder / "sizes", pl.DataFrame({"cell": ["a", "b"], "area": [1.5, 2.0]}))
    return folder / "sizes.parquet"


def spots(folder: Path) -> Path:
    storage.to_trackmate(folder / "spots.csv", points())
    return folder / "spots.csv"


def series(folder: Path) -> Path:
    storage.to_pvd(folder / "tracks.pvd", points())
    return folder / "tracks.pvd"


def cells(folder: Path) -> Path:
    place = folder / "cells.ome.zarr"
    return storage.write_image(
        place, np.ones((2, 40, 50), "uint16"), axes="CYX", channels=("dna", "actin"), spacing={"X": 0.25, "Y": 0.5}
    )


def picture(folder: Path) -> Path:
    tifffile.imwrite(folder / "picture", np.ones((2, 40, 50), "uint16"), ome=True, metadata={"axes": "CYX"})
    return folder / "picture"


def film(folder: Path) -> Path:
    write_asd(folder / "film.asd", simulate_film(3, 2, 16, seed=1)[0])
    return folder / "film.asd"


def stack(folder: Path) -> Path:
    write_asd(folder / "film.asd", simulate_film(3, 2, 16, seed=1)[0])
    save(folder / "film.h5", afm.load(folder / "film.asd", "height"))
    return folder / "film.h5"


def array(folder: Path) -> Path:
    np.save(folder / "cells.npy", np.ones((2, 40, 50), "uint16"))
    return folder / "cells.npy"


def table(folder: Path) -> Path:
    np.save(folder / "run.npy", ROWS)
    return folder / "run.npy"


def arrays(folder: Path) -> Path:
    np.savez_compressed(folder / "cells.npz", image=np.ones((2, 40, 50), "uint16"), gain=np.array(2.5), note=["a"])
    return folder / "cells.npz"


def raw(folder: Path) -> Path:
    stains(128, seed=1).save(folder / "raw", "S001", "SybrGld")
    return folder / "raw"


def recording(folder: Path) -> Path:
    return simulate_lab(folder / "lab", 1, cells=1, rows=16, columns=16, repeats=1)[0].folder


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (run_folder, ("results of lumentrace pept run", "good", "831", "n/a", "lumentrace pept report")),
        (adac, ("ADAC Forte", "lines  ", "500", "lumentrace pept run")),
        (text_of_lines, ("lines of response", "300", "lumentrace pept run")),
        (saved, ("PointData", "300", "t (s), x (cm)", "lumentrace convert")),
        (csv, ("text, PointData", "300", "t (s), x (cm)", "lumentrace pept occupancy")),
        (frame, ("Parquet table", "cell (String), area (Float64)", "lumentrace convert")),
        (spots, ("TrackMate spots", "300", "t (s), x (cm)", "lumentrace convert")),
        (series, ("VTK file for ParaView, Collection", "no command of lumentrace")),
        (cells, ("image", "C 2, Y 40, X 50", "uint16", "dna, actin", "x 0.25", "y 0.5")),
        (picture, ("image", "C 2, Y 40, X 50", "lumentrace coloc run")),
        (film, ("AFM film", "3 of 16 x 16", "nm", "lumentrace afm run")),
        (stack, ("AFM film", "3 of 16 x 16", "lumentrace afm run")),
        (array, ("NumPy array", "uint16, 2 x 40 x 50", "open_image(array, axes=...)")),
        (table, ("lines of response: table", "300", "lumentrace pept run")),
        (arrays, ("NumPy arrays", "image", "uint16, 2 x 40 x 50", "float64, one value", "<U1, 1")),
        (raw, ("raw folder of stains", "SybrGld", "lumentrace stain batch")),
        (recording, ("two-photon recording folder", "16 x 16", "lumentrace twophoton run")),
    ],
)
def test_info_knows_every_technique(make: Callable[[Path], Path], said: tuple[str, ...], tmp_path: Path) -> None:
    code, out, err = command("info", make(tmp_path))
    assert code == 0, err
    assert [text for text in said if text not in out] == []


def test_info_goes_on_after_what_it_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "empty").mkdir()
    code, out, err = command(
        "info", tmp_path / "x.bin", tmp_path / "notes.txt", tmp_path / "empty", tmp_path / "none", csv(tmp_path)
    )
    assert code == 3
    assert "PointData" in out
    lines = err.splitlines()
    assert [name in line for name, line in zip(("x.bin", "notes.txt", "empty", "none"), lines, strict=True)] == [
        True
    ] * 4
    assert all("OME-Zarr" in line for line in lines[:3])


def test_tables_go_round_with_units_and_provenance(tmp_path: Path) -> None:
    table = points()
    save(tmp_path / "a.h5", table)
    for before, after in (("a.h5", "b.parquet"), ("b.parquet", "c.h5")):
        code, _, err = command("convert", tmp_path / before, tmp_path / after)
        assert (code, "warning" in err) == (0, False), err
    found = load(tmp_path / "c.h5")
    assert_identical(found, table)
    assert found.provenance == table.provenance
    code, _, err = command("convert", tmp_path / "c.h5", tmp_path / "d.csv")
    assert code == 0
    assert "does not keep provenance" in err
    assert command("convert", tmp_path / "d.csv", tmp_path / "e.h5")[0] == 0
    again = load(tmp_path / "e.h5")
    assert_identical(again, table)
    storage.to_vtp(tmp_path / "expected.vtp", table)
    command("convert", tmp_path / "a.h5", tmp_path / "f.vtp")
    assert (tmp_path / "f.vtp").read_bytes() == (tmp_path / "expected.vtp").read_bytes()


def test_tracks_go_to_trackmate_and_back(tmp_path: Path) -> None:
    table = points()
    save(tmp_path / "a.h5", table)
    code, _, err = command("convert", tmp_path / "a.h5", tmp_path / "b.TrackMate.csv")
    assert (code, "does not keep provenance of" in err) == (0, True)
    assert command("convert", tmp_path / "b.TrackMate.csv", tmp_path / "c.h5")[0] == 0
    found = load(tmp_path / "c.h5")
    np.testing.assert_array_equal(np.column_stack([found[name] for name in table.columns]), table.points)
    assert {name: found.units[name] for name in table.columns} == table.units


def test_tracks_go_to_a_time_series(tmp_path: Path) -> None:
    save(tmp_path / "a.h5", points())
    storage.to_pvd(tmp_path / "expected.pvd", points(), step=0.25)
    code, _, err = command("convert", tmp_path / "a.h5", tmp_path / "b.pvd", "--step", 0.25)
    assert code == 0, err
    written = [sorted(tmp_path.glob(f"{name}.steps-*/*.vtp")) for name in ("expected", "b")]
    assert len(written[0]) == 4
    assert [file.read_bytes() for file in written[0]] == [file.read_bytes() for file in written[1]]


def test_what_a_table_loses_is_told(tmp_path: Path) -> None:
    table = PointData(ROWS[:, :4].copy(), sample_size=100, tracer="bead", path=ROWS)
    table.points[3, 1] = np.nan
    save(tmp_path / "a.h5", table)
    told = {
        suffix: command("convert", tmp_path / "a.h5", tmp_path / f"b{suffix}")[2] for suffix in (".parquet", ".vtp")
    }
    assert "attribute path, samples of" in told[".parquet"]
    assert "attribute tracer" not in told[".parquet"]
    assert "attribute tracer, attribute path, samples, rows without a finite position" in told[".vtp"]


def test_text_without_units_is_told(tmp_path: Path) -> None:
    storage.to_csv(tmp_path / "a.txt", PointData(ROWS[:, :4]))
    code, _, err = command("convert", tmp_path / "a.txt", tmp_path / "a.h5")
    assert code == 0
    assert "no units" in err
    np.testing.assert_array_equal(load(tmp_path / "a.h5").points, ROWS[:, :4])


def test_lines_in_other_units_are_converted(tmp_path: Path) -> None:
    names = ["z1 (cm)", "t (s)", "x1 (cm)", "y1 (cm)", "x2 (cm)", "y2 (cm)", "z2 (cm)"]
    pl.DataFrame(ROWS, schema=names, orient="row").write_csv(tmp_path / "a.csv")
    assert command("convert", tmp_path / "a.csv", tmp_path / "a.parquet")[0] == 0
    found = storage.read_parquet(tmp_path / "a.parquet")
    assert found.units == dict.fromkeys(found.columns, "mm") | {"t": "ms"}
    np.testing.assert_allclose(found["t"], 1000 * ROWS[:, 1], rtol=1e-15)
    np.testing.assert_allclose(found["z1"], 10 * ROWS[:, 0], rtol=1e-15)


def test_any_other_table_keeps_its_types(tmp_path: Path) -> None:
    table = pl.DataFrame({"=name": ["+a", None, "-1"], "n": [1, 2, 3], "r": [0.1, float("nan"), None]})
    storage.write_table(tmp_path / "a", table)
    assert command("convert", tmp_path / "a.csv", tmp_path / "b.parquet")[0] == 0
    assert pl.read_parquet(tmp_path / "b.parquet").equals(table)
    command("convert", tmp_path / "b.parquet", tmp_path / "b.csv")
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()


def test_images_keep_all_that_is_known(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 900, (2, 3, 600, 520)).astype("uint16")
    known = {
        "channels": ("dna", "actin"),
        "colours": ("#ff0000", "#00ff00"),
        "spacing": {"X": 0.25, "Y": 0.25, "Z": 1.0},
    }
    storage.write_image(tmp_path / "a.ome.tif", pixels, axes="CZYX", **known)
    for before, after in (("a.ome.tif", "b.ome.zarr"), ("b.ome.zarr", "c.ome.tif")):
        code, _, err = command("convert", tmp_path / before, tmp_path / after)
        assert (code, "warning" in err) == (0, False), err
    with storage.open_image(tmp_path / "c.ome.tif") as found:
        np.testing.assert_array_equal(found.read(), pixels)
        assert found.channel_names == known["channels"]
        assert found.colours == known["colours"]
        assert found.spacing == known["spacing"]


def test_a_channel_and_a_level_of_an_image(tmp_path: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 900, (2, 600, 520)).astype("uint16")
    place = storage.write_image(tmp_path / "a.ome.zarr", pixels, axes="CYX", channels=("dna", "actin"))
    with storage.open_image(place) as image:
        expected = image.channel("actin").level(1).read()
    for name in ("actin", "1"):
        code, _, err = command("convert", place, tmp_path / f"{name}.tif", "--channel", name, "--level", 1)
        assert code == 0, err
        with storage.open_image(tmp_path / f"{name}.tif") as found:
            np.testing.assert_array_equal(found.read().squeeze(), expected)
            assert found.channel_names == ("actin",)


def test_axes_are_said_where_the_file_does_not(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.ones((4, 40, 50), "uint8"), photometric="minisblack", metadata=None)
    code, _, err = command("convert", tmp_path / "a.tif", tmp_path / "b.ome.tif")
    assert code == 2
    assert "a.tif: expected axes Y and X" in err
    assert "--axes" in err
    assert command("convert", tmp_path / "a.tif", tmp_path / "b.ome.tif", "--axes", "ZYX")[0] == 0
    with storage.open_image(tmp_path / "b.ome.tif") as found:
        assert (found.axes, found.shape) == ("ZYX", (4, 40, 50))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a.csv", "a.csv"), "another file to write"),
        (("a.csv", "b.xyz"), ".parquet"),
        (("lines.txt", "b.vtp"), "expected points"),
        (("lines.txt", "b.pvd"), "expected points"),
        (("lines.txt", "b.trackmate.csv"), "expected points"),
        (("sizes.parquet", "b.trackmate.csv"), "cell, area"),
        (("a.csv", "b.vtp", "--step", "1"), "--step is for .pvd"),
        (("a.csv", "b.pvd", "--step", "0"), "--step: expected a time above 0"),
        (("sizes.parquet", "b.h5"), "cell, area"),
        (("a.csv", "b.h5", "--level", "1"), "are for images"),
        (("a.csv", "b.tif"), "expected an image"),
        (("mask.tif", "b.ome.tif"), "mask.tif: cannot be written as b.ome.tif: `image`: expected pixels of"),
        (("none.csv", "b.h5"), "none.csv"),
    ],
)
def test_what_cannot_be_converted_leaves_nothing(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    csv(tmp_path).rename("a.csv")
    text_of_lines(tmp_path)
    frame(tmp_path)
    tifffile.imwrite("mask.tif", np.zeros((8, 9), bool))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    code, _, err = command("convert", *arguments)
    assert code == 2
    assert told in err
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before

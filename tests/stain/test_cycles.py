"""Background subtraction for MCMICRO: pixels are those of Backsub 0.5.2, and tables those that it documents."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import tifffile
import typer.main
import yaml
from numpy.typing import NDArray
from scipy import ndimage
from typer.testing import CliRunner

from lumentrace import FormatError, stain
from lumentrace.cli.main import app
from lumentrace.storage import open_image, write_image
from lumentrace.storage.tile_layout import Layout

MODULE = Path(__file__).parents[2] / "packaging/nf-core/lumentrace/backsub"
TABLE = """cycle_number,marker_name,background,exposure,remove,note
1,A,,100,,x
1,B,A,33,,y
2,C,A,250,FALSE,
2,D,E,77.5,,
2,E,,120,TRUE,z
"""
BACKSUB = {
    "uint16": "483dccaa2d6f405c82b88ac7930d0a866ef71851693601e66c4e70b79248ef48",
    "uint8": "92b6bdfd728e8a6a817b163fe85be66cc16156f23e1a4fb11a6bb1cfd0d9ff93",
}
"""SHA-256 of the pixels that Backsub 0.5.2 writes for `raw` and `TABLE`."""


def raw(dtype: str) -> NDArray[Any]:
    """Five channels of random pixels; the first two have every value of 16 bits."""
    most = np.iinfo(dtype).max + 1
    pixels = np.random.default_rng(0).integers(0, most, (5, 300, 421)).astype(dtype)
    pixels[0] = np.arange(300 * 421).reshape(300, 421) % most
    return pixels


class Case:
    """Files of one subtraction."""

    def __init__(self, folder: Path, *images: NDArray[Any], table: str = TABLE) -> None:
        self.folder, self.images = folder, []
        for number, pixels in enumerate(images):
            path = folder / f"cycle{number}.ome.tif"
            self.images.append(write_image(path, pixels, axes="CYX", spacing={"X": 0.3, "Y": 0.3}))
        self.markers = folder / "markers.csv"
        self.markers.write_text(table)
        self.out, self.table = folder / "out.ome.tif", folder / "out.csv"

    def run(self, **options: Any) -> pl.DataFrame:
        return stain.subtract_cycles(self.images, self.markers, self.out, self.table, **options)

    def command(self, *options: str) -> list[str]:
        roots = [word for image in self.images for word in ("-r", str(image))]
        return [*roots, "-m", str(self.markers), "-o", str(self.out), "-mo", str(self.table), *options]


@pytest.mark.parametrize("dtype", BACKSUB)
def test_pixels_are_those_of_backsub(tmp_path: Path, dtype: str) -> None:
    case = Case(tmp_path, raw(dtype))
    case.run()
    found = tifffile.imread(case.out)
    assert (found.shape, found.dtype) == ((4, 300, 421), dtype)
    assert hashlib.sha256(found.tobytes()).hexdigest() == BACKSUB[dtype]
    assert case.table.read_text() == (
        "cycle_number,marker_name,background,exposure,note,channel_number\n"
        "1,A,,100,x,1\n1,B,A,33,y,2\n2,C,A,250,,3\n2,D,E,77.5,,4\n"
    )
    with open_image(case.out) as image:
        assert (image.channel_names, image.spacing) == (("A", "B", "C", "D"), {"X": 0.3, "Y": 0.3})


def test_cycles_in_files_of_their_own_or_in_zarr_give_the_same(tmp_path: Path) -> None:
    pixels = raw("uint16")
    case = Case(tmp_path, pixels[:2], pixels[2:])
    table = case.run()
    assert hashlib.sha256(tifffile.imread(case.out).tobytes()).hexdigest() == BACKSUB["uint16"]
    negative = np.mean(pixels[1] < pixels[0] * (33 / 100))
    assert table["clipped"].to_list() == [None, pytest.approx(negative, abs=1e-4), *table["clipped"][2:4], None]
    case.images = [write_image(tmp_path / "in.ome.zarr", pixels, axes="CYX")]
    with pytest.warns(UserWarning, match="no size of pixels"):
        case.run()
    assert hashlib.sha256(tifffile.imread(case.out).tobytes()).hexdigest() == BACKSUB["uint16"]


@pytest.mark.parametrize("compression", ["zlib", "lzw", "none"])
def test_the_layout_is_the_one_that_was_asked_for(tmp_path: Path, compression: Any) -> None:
    smooth = (np.indices((1100, 600)).sum(axis=0) // 8).astype("uint16")
    case = Case(tmp_path, np.stack([smooth, smooth * 3]), table="marker_name,background,exposure\nA,,1\nB,A,2\n")
    case.run(layout=Layout(tile=64, step=2, compression=compression), pixel_size=0.5)
    with tifffile.TiffFile(case.out) as file:
        assert [level.shape for level in file.series[0].levels] == [(2, 1100, 600), (2, 550, 300)]
        assert file.pages[0].tile == (64, 64)  # type: ignore[union-attr]
        assert file.pages[0].compression == {"zlib": 8, "lzw": 5, "none": 1}[compression]
        np.testing.assert_array_equal(file.asarray(), np.stack([smooth, smooth]))
        np.testing.assert_allclose(file.series[0].levels[1].asarray()[0], smooth[::2, ::2], atol=1)
    with open_image(case.out) as image:
        assert image.spacing == {"X": 0.5, "Y": 0.5}


def tissue(seed: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(random.normal(size=(600, 600)), 3)
    return np.asarray(900 + 400 * texture / texture.std()).clip(0)


def test_an_estimated_factor_is_that_of_the_pixels(tmp_path: Path) -> None:
    random, plain = np.random.default_rng(5), tissue(1)
    stained = plain * 1.7
    for row, column in random.integers(20, 580, (60, 2)):
        stained[row - 3 : row + 4, column - 3 : column + 4] += 2000
    pixels = random.poisson([plain, stained]).astype("uint16")
    case = Case(tmp_path, pixels, table="marker_name,background,exposure\nA,,100\nB,A,100\n")
    row = case.run(scale="estimated").row(1, named=True)
    assert row["factor"] == pytest.approx(1.7, rel=0.005)
    assert abs(row["factor"] - 1.7) < 4 * row["factor_error"] < 0.1
    assert (row["exposure_ratio"], row["status"]) == (1.0, "converged")
    left = tifffile.imread(case.out)[1]
    np.testing.assert_array_equal(left, np.floor((pixels[1] - pixels[0] * np.float32(row["factor"])).clip(0)))


def test_cycles_are_registered_on_the_channel_that_was_named(tmp_path: Path) -> None:
    random, nuclei, plain = np.random.default_rng(7), tissue(2), tissue(3)
    grid = slice(40, 440)
    shifted = slice(44, 444)
    first = random.poisson([nuclei[grid, grid], plain[grid, grid]]).astype("uint16")
    second = random.poisson([nuclei[shifted, grid], 2 * plain[shifted, grid]]).astype("uint16")
    table = "marker_name,background,exposure\nDNA_1,,10\nAF,,100\nDNA_2,,10\nCD8,AF,200\n"
    case = Case(tmp_path, first, second, table=table)
    found = case.run(register_by="DNA")
    assert found["registration_ok"].to_list() == [None, None, True, True]
    assert found["registration_error_px"][3] < 0.2
    left = tifffile.imread(case.out)[3].astype(float)
    # Noise of photons is all that is left; without the registration it is the tissue itself.
    assert left[10:-10, 10:-10].std() < 60
    assert not left[:3].any()
    case.run()
    assert tifffile.imread(case.out)[3, 10:-10].std() > 150
    with pytest.raises(ValueError, match=r"one channel of .* to begin with 'AF', found DNA_2, CD8"):
        case.run(register_by="AF")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("marker_name,background\nA,\n", "expected columns marker_name, background, exposure"),
        ("marker_name,background,exposure\n", "a row for each channel, found none"),
        ("marker_name,background,exposure\nA,,1\nA,,1\n", "'A' 2x"),
        ("marker_name,background,exposure\nA,,1\nB,C,1\n", "one of A as background of B, found 'C'"),
        ("marker_name,background,exposure\nA,,1\nB,B,1\n", "one of A as background of B, found 'B'"),
        ("marker_name,background,exposure\nA,,0\nB,A,1\n", "exposure of A above 0 ms, found 0"),
        ("marker_name,background,exposure\nA,,\nB,A,1\n", "exposure of A above 0 ms, found none"),
        ("marker_name,background,exposure\nA,,x\nB,A,1\n", "ms as exposure of A, found 'x'"),
        ("marker_name,background,exposure,remove\nA,,1,perhaps\nB,A,1,\n", "TRUE or FALSE as remove of A"),
        ("marker_name,background,exposure\nA,,1\n", "expected 1 channels, as the table of markers has, found 2"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tmp_path: Path, table: str, message: str) -> None:
    case = Case(tmp_path, raw("uint8")[:2, :20, :20], table=table)
    with pytest.raises(FormatError, match=message):
        case.run()
    assert not case.out.exists()


def test_what_cannot_be_done_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    case = Case(tmp_path, raw("uint8")[:1, :20, :20], raw("uint8")[1:, :20, :24])
    with pytest.raises(FormatError, match=r"expected 20 x 20 pixels as in .*cycle0.*, found 20 x 24"):
        case.run()
    for name, options in {
        "scale": {"scale": "best"},
        "pixel_size": {"pixel_size": 0.0},
        "output": {"register_by": None},
    }.items():
        case.out = case.images[0] if name == "output" else case.out
        with pytest.raises(ValueError, match=name):
            case.run(**options)
    case.table = tmp_path / "none" / "out.csv"
    case.out = tmp_path / "out.ome.tif"
    with pytest.raises(FileNotFoundError, match="marker_output"):
        case.run()
    assert not case.out.exists()


def test_the_command_takes_the_options_of_backsub(tmp_path: Path) -> None:
    case = Case(tmp_path, raw("uint16"))
    options = [
        "-mpp",
        "0.65",
        "-ts",
        "128",
        "-dsf",
        "4",
        "-comp",
        "deflate",
        "-sr",
        "--factors",
        str(tmp_path / "f.csv"),
    ]
    result = CliRunner().invoke(app, ["stain", "backsub", *case.command(*options)])
    assert result.exit_code == 0, result.output
    assert hashlib.sha256(tifffile.imread(case.out).tobytes()).hexdigest() == BACKSUB["uint16"]
    assert pl.read_csv(tmp_path / "f.csv")["factor"].to_list()[1:4] == [0.33, 2.5, 77.5 / 120]
    case.markers.write_text("marker_name\n")
    refused = CliRunner().invoke(app, ["stain", "backsub", *case.command()])
    assert refused.exit_code == 2


def test_the_module_for_nextflow_calls_the_command_as_it_is() -> None:
    script = (MODULE / "main.nf").read_text()
    body = re.search(r'script:.*?"""\n(.*?)\n\n', script, re.DOTALL)
    assert body is not None
    values = {
        "inputs": "--root a.tif --root b.tif",
        "args": "--register DNA -mpp 0.5",
        "markers": "m.csv",
        "prefix": "s",
    }
    line = re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], body[1].replace("\\\\\n", " "))
    words = shlex.split(line)
    assert words[:3] == ["lumentrace", "stain", "backsub"]
    group: Any = typer.main.get_command(app)
    command = group.commands["stain"].commands["backsub"]
    given = command.make_context("backsub", words[3:]).params
    assert given["root"] == [Path("a.tif"), Path("b.tif")]
    assert (given["output"], given["register"], given["pixel_size"]) == (Path("s.ome.tif"), "DNA", 0.5)
    assert (given["marker_output"], given["factors"]) == (Path("s.csv"), Path("s.factors.csv"))
    written = set(re.findall(r'path\("(\$\{prefix\}[.\w]+)"\)', script))
    described = yaml.safe_load((MODULE / "meta.yml").read_text())["output"]
    assert written == {name for files in described.values() for file in files for name in _names(file) if "$" in name}


def _names(file: Any) -> list[str]:
    return [name for each in file for name in each] if isinstance(file, list) else list(file)

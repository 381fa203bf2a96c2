"""Images in xarray: axes, places, names and times are those of the image, and pixels are read when they are used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray

from lumentrace.storage import open_image, write_image

PIXELS = np.random.default_rng(1).integers(0, 900, (3, 2, 40, 50)).astype("uint16")
KNOWN: dict[str, Any] = {"channels": ("dna", "actin"), "spacing": {"X": 0.25, "Y": 0.5}, "times": (0.0, 2.0, 5.0)}


class Watched:
    """An array that counts the pixels that are taken from it."""

    shape, dtype = PIXELS.shape, PIXELS.dtype

    def __init__(self) -> None:
        self.taken = 0

    def __getitem__(self, place: Any) -> NDArray[Any]:
        part = PIXELS[place]
        self.taken += part.size
        return part


def test_axes_places_names_and_times(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.ome.tif", PIXELS, axes="TCYX", **KNOWN)
    with open_image(path) as image:
        array = image.to_xarray()
        assert array.dims == ("T", "C", "Y", "X")
        assert array.C.values.tolist() == ["dna", "actin"]
        np.testing.assert_allclose(array.X, 0.25 * np.arange(50))
        assert (array.Y.attrs, array["T"].attrs) == ({"units": "µm"}, {"units": "s"})
        np.testing.assert_array_equal(array, PIXELS)
        np.testing.assert_array_equal(array.sel(C="actin", T=2.0), PIXELS[1, 1])
        part = image.select(T=1, Y=slice(10, 20)).to_xarray()
        np.testing.assert_allclose(part.Y, 0.5 * np.arange(10, 20))
        assert part.dims == ("C", "Y", "X")
        again = open_image(array)
        assert (again.axes, again.channel_names, again.times) == ("TCYX", ("dna", "actin"), (0.0, 2.0, 5.0))
        assert again.spacing == pytest.approx(KNOWN["spacing"])
        np.testing.assert_array_equal(again.read(), PIXELS)


@pytest.mark.parametrize(
    "place",
    [
        (0, slice(None), slice(3, 9), 4),
        (slice(None, None, 2), 1, slice(30, 2, -5), slice(None, None, -1)),
        ([2, 0], slice(None), [5, 1, 1], slice(7, 7)),
        (-1, -2, slice(-5, None), [49]),
    ],
)
def test_parts_are_those_of_the_array(place: tuple[Any, ...]) -> None:
    found = open_image(PIXELS, axes="TCYX").to_xarray()[place]
    np.testing.assert_array_equal(found, xr.DataArray(PIXELS)[place])


def test_only_what_is_asked_for_is_read() -> None:
    source = Watched()
    array = open_image(source, axes="TCYX", channels=("a", "b")).to_xarray()
    chosen = array.sel(C="b").isel(T=0)[10:20]
    assert source.taken == 0
    assert chosen.mean().item() == pytest.approx(PIXELS[0, 1, 10:20].mean())
    assert source.taken == 10 * 50
    part = open_image(open_image(source, axes="TCYX").to_xarray()).select(T=0, C=0)
    assert source.taken == 10 * 50
    np.testing.assert_array_equal(part.read(X=slice(0, 2)), PIXELS[0, 0, :, :2])
    assert source.taken == 10 * 50 + 80


def test_arrays_of_others(tmp_path: Path) -> None:
    """As bioio and microscopes lay them out: other names, Dask, other units."""
    places = ("x", np.arange(50) * 250.0 + 7, {"units": "nm"})
    made = xr.DataArray(PIXELS, {"channel": ["dna", "actin"], "x": places}, ("time", "channel", "y", "x"), "cells")
    for array in (made, made.chunk({"y": 16})):
        image = open_image(array)
        assert (image.axes, image.channel_names, image.spacing) == (
            "TCYX",
            ("dna", "actin"),
            {"X": pytest.approx(0.25)},
        )
        assert image.about.name == "cells"
        np.testing.assert_array_equal(image.channel("actin").read(T=1), PIXELS[1, 1])
        write_image(tmp_path / "a.ome.tif", array)
        with open_image(tmp_path / "a.ome.tif") as found:
            np.testing.assert_array_equal(found.read(), PIXELS)
            assert (found.channel_names, found.spacing) == (("dna", "actin"), {"X": pytest.approx(0.25)})


def test_places_that_are_no_steps_of_one_length_say_nothing() -> None:
    for places in ([0.0, 1.0, 3.0], [0.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, np.nan, 2.0]):
        coordinate = ("x", places, {"units": "um"})
        assert open_image(xr.DataArray(np.ones((2, 3)), {"x": coordinate}, ("y", "x"))).spacing == {}


def test_axes_of_other_names_have_to_be_said() -> None:
    array = xr.DataArray(PIXELS[0], dims=("hybridization", "row", "column"))
    with pytest.raises(ValueError, match=r"`axes`: expected a letter for each axis of .*hybridization"):
        open_image(array)
    assert open_image(array, axes="CYX", channels=("a", "b")).channel("b").shape == (40, 50)
    with pytest.raises(ValueError, match="`source`: expected real numbers"):
        open_image(array.astype(complex), axes="CYX")

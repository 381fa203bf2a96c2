"""Films: they hold the pictures that went in."""

from __future__ import annotations

from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image, ImageSequence

from lumentrace.pept.plots import make_video


def pictures(count: int = 6) -> list[np.ndarray]:
    shades = np.linspace(0, 250, count).astype(np.uint8)
    return [np.full((48, 64, 3), shade, dtype=np.uint8) for shade in shades]


@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_films_hold_the_pictures(tmp_path: Path, suffix: str) -> None:
    film = tmp_path / f"film{suffix}"
    make_video(pictures(), film, fps=5, verbose=False)
    count, _ = imageio_ffmpeg.count_frames_and_secs(film)
    assert count == 6
    assert list(tmp_path.iterdir()) == [film]


def test_moving_pictures_have_the_right_shades(tmp_path: Path) -> None:
    make_video(pictures(), tmp_path / "film.gif", fps=5, verbose=False)
    with Image.open(tmp_path / "film.gif") as film:
        found = [np.asarray(frame.convert("RGB")).mean() for frame in ImageSequence.Iterator(film)]
        assert film.info["duration"] == 200
    np.testing.assert_allclose(found, [p.mean() for p in pictures()], atol=6)


def test_files_and_grey_pictures(tmp_path: Path) -> None:
    paths = []
    for number, picture in enumerate(pictures(3)):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(picture[:, :, 0]).save(paths[-1])
    make_video(paths, tmp_path / "film.gif", verbose=False)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 3


def test_what_it_refuses(tmp_path: Path) -> None:
    film = tmp_path / "film.gif"
    for frames, message in (
        ([], "at least one"),
        ([np.zeros((4, 4, 3))], "uint8"),
        ([pictures()[0], pictures()[0][:20]], "equal shape"),
    ):
        with pytest.raises(ValueError, match=message):
            make_video(frames, film, verbose=False)
    with pytest.raises(ValueError, match="fps"):
        make_video(pictures(), film, fps=0, verbose=False)
    assert list(tmp_path.iterdir()) == []

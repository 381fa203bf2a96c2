"""Measures that look at where pixels are: shuffles, shifts, autocorrelation, objects, points; and the sample images."""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from lumentrace import _core, coloc
from lumentrace.base.errors import FormatError
from twins import channels as twin


def blobs(seed: int, shape: tuple[int, ...] = (64, 80), width: float = 2.0) -> np.ndarray:
    return gaussian_filter(np.random.default_rng(seed).normal(size=shape), width)


def disc(shape: tuple[int, int], radius: float) -> np.ndarray:
    y, x = np.indices(shape)
    return (y - shape[0] / 2) ** 2 + (x - shape[1] / 2) ** 2 < radius**2


# ------------------------------------------------------------------ randomisation
def rows_of_blocks(image: np.ndarray, mask: np.ndarray, side: int) -> np.ndarray:
    """Blocks wholly inside the mask, on a grid from the corner of its bounding box, one by one."""
    y, x = np.nonzero(mask)
    rows = []
    for i in range(y.min(), image.shape[0] - side + 1, side):
        for j in range(x.min(), image.shape[1] - side + 1, side):
            place = slice(i, i + side), slice(j, j + side)
            if mask[place].all():
                rows.append(image[place].ravel())
    return np.array(rows)


@pytest.mark.parametrize("side", [2, 3, 5])
def test_shuffles_within_a_mask(side: int) -> None:
    a, b, mask = blobs(1), blobs(2) + 0.3 * blobs(1), disc((64, 80), 25)
    x, y = (rows_of_blocks(image, mask, side) for image in (a, b))
    found = coloc.costes_randomization(a, b, mask, block=side, n=2000, seed=5)
    assert found.n_blocks == len(x)
    assert found.observed == pytest.approx(twin.correlation(x.ravel(), y.ravel()), abs=1e-12)
    mean, sd = twin.null_moments(x, y)
    assert (found.mean, found.sd) == pytest.approx((mean, sd), rel=1e-5, abs=1e-7)
    assert found.null.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(2000))
    assert found.null.std() == pytest.approx(sd, rel=0.08)
    assert found.z == pytest.approx((found.observed - mean) / sd, rel=1e-4)
    assert found.p_right == (1 + (found.null >= found.observed).sum()) / 2001
    assert found.p_two == min(1.0, 2 * min(found.p_right, found.p_left))


def test_what_is_outside_the_mask_does_not_matter() -> None:
    a, b, mask = blobs(1), blobs(2), disc((64, 80), 25)
    within = coloc.costes_randomization(a, b, mask, block=4, n=50)
    outside = coloc.costes_randomization(np.where(mask, a, 1e6), np.where(mask, b, 1e6), mask, block=4, n=50)
    assert within.null.tobytes() == outside.null.tobytes()


def test_independent_cells_are_not_significant() -> None:
    """In bright cells on a dark ground, shuffling the whole image would call everything significant."""
    mask = disc((96, 96), 40)
    p = [
        coloc.costes_randomization(
            mask * (5 + blobs(k, (96, 96), 1.0)),
            mask * (5 + blobs(k + 500, (96, 96), 1.0)),
            mask,
            block=4,
            n=200,
            seed=k,
        ).p_right
        for k in range(60)
    ]
    assert 0.3 < np.mean(p) < 0.7
    assert np.mean(np.array(p) < 0.05) < 0.15


def test_shuffles_are_reproducible() -> None:
    a, b = blobs(1), blobs(2)
    one, two = (coloc.costes_randomization(a, b, block=4, n=40, seed=9) for _ in range(2))
    assert one.null.tobytes() == two.null.tobytes()
    other = coloc.costes_randomization(a, b, block=4, n=40, seed=10)
    assert not np.array_equal(one.null, other.null)
    longer = coloc.costes_randomization(a, b, block=4, n=60, seed=9)
    np.testing.assert_array_equal(longer.null[:40], one.null)
    x, y = np.random.default_rng(0).normal(size=(2, 300, 16)).astype(np.float32)
    threads = [_core.shuffle_blocks(x, y, 30, 1, threads) for threads in (1, 2, 3)]
    assert len({sums.tobytes() + np.array([mean, sd]).tobytes() for sums, mean, sd in threads}) == 1


def test_shuffles_in_3d_and_uneven_blocks() -> None:
    a, b = blobs(1, (8, 24, 32)), blobs(2, (8, 24, 32))
    assert coloc.costes_randomization(a, b, block=(2, 4, 8), n=10).n_blocks == 4 * 6 * 4
    partly = disc((64, 80), 25)
    strict = coloc.costes_randomization(blobs(1), blobs(2), partly, block=4, n=10).n_blocks
    loose = coloc.costes_randomization(blobs(1), blobs(2), partly, block=4, n=10, coverage=0.5).n_blocks
    assert loose > strict


def test_too_few_blocks() -> None:
    a, b = blobs(1, (16, 16)), blobs(2, (16, 16))
    with pytest.warns(UserWarning, match="only 4 blocks"):
        assert coloc.costes_randomization(a, b, block=8, n=10).n_blocks == 4
    for mask, blocks in ((np.zeros((16, 16)), 0), (np.eye(16), 0)):
        found = coloc.costes_randomization(a, b, mask, block=8, n=10)
        assert (found.n_blocks, np.isnan(found.p_right)) == (blocks, True)
        assert "needs 2" in found.reason
    assert "constant" in coloc.costes_randomization(np.ones((16, 16)), b, block=2, n=10).reason
    with_hole = a.copy()
    with_hole[0, 0] = np.nan
    assert np.isnan(coloc.costes_randomization(with_hole, b, block=2, n=10).p_right)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"block": 0}, "block"), ({"block": (2, 2, 2)}, "block"), ({"n": 0}, "`n`"), ({"coverage": 0}, "coverage")],
)
def test_bad_shuffles(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        coloc.costes_randomization(blobs(1), blobs(2), **arguments)


# ------------------------------------------------------------------ shifts
@pytest.mark.parametrize("axis", [0, 1])
def test_shifts_like_the_twin(axis: int) -> None:
    a, b = blobs(3), blobs(4) + blobs(3)
    found = coloc.cross_correlation(a, b, axis=axis, max_shift=6)
    expected = [twin.shifted(np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1), s) for s in range(-6, 7)]
    np.testing.assert_allclose(found.r, expected, atol=1e-10)


@pytest.mark.parametrize("shift", [(0.0, 0.0), (2.0, -3.0), (1.4, 0.6)])
def test_shift_between_channels_is_found(shift: tuple[float, float]) -> None:
    y, x = np.indices((70, 90))
    random = np.random.default_rng(8)
    spots = random.uniform((8, 8), (62, 82), (40, 2))

    def image(dy: float, dx: float) -> np.ndarray:
        return sum(np.exp(-((y - p - dy) ** 2 + (x - q - dx) ** 2) / 8) for p, q in spots)

    found = coloc.cross_correlation(image(*shift), image(0, 0), axis=None, max_shift=8)
    assert found.peak == pytest.approx(shift, abs=0.05)
    assert found.r.shape == (17, 17)
    row = coloc.cross_correlation(image(*shift), image(0, 0), axis=1, max_shift=8)
    np.testing.assert_allclose(found.r[8], row.r, atol=1e-10)


def test_shifts_in_a_mask_and_in_3d() -> None:
    a, b = blobs(5, (10, 20, 24), 1.5), blobs(6, (10, 20, 24), 1.5)
    mask = np.zeros(a.shape, dtype=bool)
    mask[2:8, 4:15, 3:20] = True
    found = coloc.cross_correlation(a, b, mask, axis=None, max_shift=3)
    for shift in ((0, 0, 0), (1, -2, 3), (-3, 2, 0)):
        p = np.argwhere(mask)
        q = p - shift
        inside = ((q >= 0) & (q < a.shape)).all(axis=1)
        expected = twin.correlation(a[tuple(p[inside].T)], b[tuple(q[inside].T)])
        assert found.r[tuple(np.array(shift) + 3)] == pytest.approx(expected, abs=1e-10)


def test_width_and_trough() -> None:
    x = np.arange(200.0)
    a = sum(np.exp(-((x - c) ** 2) / 8) for c in (30, 80, 150))
    found = coloc.cross_correlation(a, a, max_shift=15)
    assert found.fwhm == pytest.approx(2.355 * 2 * np.sqrt(2), rel=0.05)
    assert not found.trough
    assert coloc.cross_correlation(a, a.max() - a, max_shift=15).trough


def test_bad_shifts() -> None:
    a = blobs(1)
    flat = coloc.cross_correlation(a, np.ones(a.shape), max_shift=3)
    assert np.isnan(flat.r).all()
    assert np.isnan(flat.peak).all()
    for arguments in ({"max_shift": 0}, {"max_shift": 80}, {"axis": 2}, {"axis": (0, -3)}):
        with pytest.raises(ValueError, match=r"max_shift|axis"):
            coloc.cross_correlation(a, a, **arguments)
    with pytest.raises(ValueError, match="finite"):
        coloc.cross_correlation(a, np.where(a > 0, np.nan, a))


# ------------------------------------------------------------------ autocorrelation
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("width", [0.0, 2.0])
def test_corrected_p_is_uniform(masked: bool, width: float) -> None:
    mask = disc((48, 48), 20) if masked else None
    found = [
        coloc.corrected_pvalue(blobs(k, (48, 48), width), blobs(k + 900, (48, 48), width), mask) for k in range(150)
    ]
    assert np.mean([result.p < 0.05 for result in found]) < 0.12
    assert 0.4 < np.mean([result.p for result in found]) < 0.6
    if width:
        assert np.mean([result.p_naive < 0.05 for result in found]) > 0.4
    variance = np.var([result.r for result in found])
    assert np.median([result.effective_n for result in found]) == pytest.approx(1 + 1 / variance, rel=0.4)


def test_correction_of_what_cannot_be_measured() -> None:
    found = coloc.corrected_pvalue(np.ones((4, 4)), np.arange(16).reshape(4, 4))
    assert np.isnan([found.r, found.p, found.p_naive, found.effective_n]).all()


# ------------------------------------------------------------------ objects
A = np.array([[1, 1, 0, 0, 0, 0], [1, 1, 0, 0, 4, 4], [0, 0, 0, 0, 4, 4]])
B = np.array([[0, 0, 0, 0, 0, 0], [0, 3, 3, 0, 0, 0], [0, 3, 3, 0, 0, 7]])


def test_object_table() -> None:
    table = coloc.object_table(A, B, spacing=(2.0, 0.5))
    assert table.to_dicts() == [
        {
            "label": 1, "pixels": 4, "centre_0": 1.0, "centre_1": 0.25, "covered": 0.25, "partner": 3, "iou": 1 / 7,
            "centre_in": 0, "nearest": 3, "distance": pytest.approx(np.hypot(2.0, 0.5)), "gap": 0.0,
        },
        {
            "label": 4, "pixels": 4, "centre_0": 3.0, "centre_1": 2.25, "covered": 0.25, "partner": 7, "iou": 0.25,
            "centre_in": 0, "nearest": 7, "distance": pytest.approx(np.hypot(1.0, 0.25)), "gap": 0.0,
        },
    ]  # fmt: skip
    apart = coloc.object_table(A[:, :1], np.array([[0], [0], [5]]), spacing=(2.0, 0.5))
    assert apart["gap"].to_list() == [2.0]
    assert apart["partner"].to_list() == [0]


def test_object_overlap() -> None:
    assert coloc.object_overlap(A, B).rows() == [(1, 3, 1, 0.25, 0.25, 1 / 7), (4, 7, 1, 0.25, 1.0, 0.25)]


def test_no_objects() -> None:
    none = np.zeros(A.shape, int)
    table = coloc.object_table(A, none)
    assert table["nearest"].to_list() == [0, 0]
    assert np.isnan(table["distance"].to_numpy()).all()
    assert np.isnan(table["gap"].to_numpy()).all()
    assert len(coloc.object_table(none, A)) == 0
    assert len(coloc.object_overlap(none, none)) == 0
    for method in ("mutual", "optimal"):
        assert len(coloc.match_objects(none, A, 5, method=method)) == 0


def test_centres_of_hollow_objects() -> None:
    ring = np.ones((5, 5), int)
    ring[1:4, 1:4] = 0
    assert coloc.find_objects(ring).centres.tolist() == [[2.0, 2.0]]
    (medoid,) = coloc.find_objects(ring, centre="medoid").centres.astype(int)
    assert ring[tuple(medoid)] == 1


def test_matching() -> None:
    a, b = np.zeros((1, 30), int), np.zeros((1, 30), int)
    a[0, [2, 6, 20]] = [1, 2, 3]
    b[0, [5, 9, 29]] = [1, 2, 3]
    assert coloc.match_objects(a, b, 4).rows() == [(2, 1, 1.0)]
    assert coloc.match_objects(a, b, 4, method="optimal").rows() == [(1, 1, 3.0), (2, 2, 3.0)]
    assert coloc.match_objects(a, b, 0.9, spacing=0.3).rows() == [(2, 1, pytest.approx(0.3))]
    with pytest.raises(ValueError, match="`method`"):
        coloc.match_objects(a, b, 4, method="greedy")
    with pytest.raises(ValueError, match="`max_distance`"):
        coloc.match_objects(a, b, np.nan)


@pytest.mark.parametrize("spacing", [0, -1, (1, 1, 1), np.nan])
def test_bad_spacing(spacing: Any) -> None:
    with pytest.raises(ValueError, match="`spacing`"):
        coloc.object_table(A, B, spacing=spacing)


def test_bad_objects() -> None:
    with pytest.raises(ValueError, match="labels_b"):
        coloc.object_table(A, B[:2])
    with pytest.raises(ValueError, match="whole numbers"):
        coloc.object_table(A + 0.5, B)
    with pytest.raises(ValueError, match="`centre`"):
        coloc.find_objects(A, centre="median")


# ------------------------------------------------------------------ points
@pytest.mark.parametrize("ndim", [2, 3])
def test_cross_k_like_the_twin(ndim: int) -> None:
    random = np.random.default_rng(ndim)
    sides = np.array([10.0, 12.0, 9.0][:ndim])
    a, b = random.uniform(0, sides, (40, ndim)), random.uniform(0, sides, (30, ndim))
    window = [(5.0, 5.0 + side) for side in sides]
    found = coloc.cross_k(a + 5, b + 5, window, [1, 2, 4], n=19)
    for radius, k in zip(found.radii, found.k, strict=True):
        assert k == pytest.approx(twin.translation_k(a, b, sides, radius))
    assert coloc.cross_k(a + 5, b + 5, window, [4], n=1, correction="none").k[0] < found.k[-1]


def test_points_that_gather_avoid_or_do_neither() -> None:
    window, radii = ((0, 100), (0, 100)), np.arange(1, 11)
    p = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        a = random.uniform(0, 100, (60, 2))
        p.append(coloc.cross_k(a, random.uniform(0, 100, (60, 2)), window, radii, n=99, seed=seed).p)
    assert np.mean(np.array(p) < 0.05) < 0.2
    near = np.clip(a + random.normal(0, 1, a.shape), 0, 100)
    gathered = coloc.cross_k(a, near, window, radii, n=99)
    assert gathered.p == 0.01
    assert (gathered.k > gathered.high)[:5].all()
    assert (gathered.l > radii)[:5].all()
    far = random.uniform(0, 100, (2000, 2))
    far = far[np.linalg.norm(far[:, None] - a, axis=2).min(axis=1) > 4][:80]
    assert (coloc.cross_k(a, far, window, radii, n=99).k[:3] == 0).all()
    # A point on another is a pair at distance 0.
    assert coloc.cross_k(a, a, window, [0.0, 1.0], n=1).k[0] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points_a": [[1, 2, 3]]}, "points_a"),
        ({"points_b": [[1, 200]]}, "points_b"),
        ({"points_b": [[1, np.nan]]}, "points_b"),
        ({"window": ((0, 10), (5, 5))}, "window"),
        ({"radii": [3, 2]}, "radii"),
        ({"radii": [8]}, "radii"),
        ({"correction": "isotropic"}, "correction"),
        ({"n": 0}, "`n`"),
    ],
)
def test_bad_points(arguments: dict[str, Any], message: str) -> None:
    good: dict[str, Any] = {"points_a": [[1, 2]], "points_b": [[1, 2]], "window": ((0, 10), (0, 10)), "radii": [1, 2]}
    with pytest.raises(ValueError, match=message):
        coloc.cross_k(**(good | arguments))


# ------------------------------------------------------------------ sample images
@pytest.mark.parametrize(
    ("make", "shape", "suffix"),
    [(coloc.make_sample_data, (256, 256), ""), (coloc.make_sample_data_3d, (32, 128, 128), "_3d")],
)
def test_sample_data(make: Any, shape: tuple[int, ...], suffix: str) -> None:
    (a, first, kind_a), (b, second, kind_b) = make()
    assert a.shape == b.shape == shape
    assert a.dtype == b.dtype == np.float32
    assert min(a.min(), b.min()) >= 0
    assert (kind_a, kind_b) == ("image", "image")
    assert (first["name"], second["name"]) == (f"channel_a{suffix}", f"channel_b{suffix}")
    assert (first["colormap"], second["colormap"], second["blending"]) == ("green", "magenta", "additive")
    np.testing.assert_array_equal(a, make()[0][0])
    assert coloc.pearson(a, b)[0] == pytest.approx(0.7, abs=0.05)
    for share in coloc.manders(a, b, *coloc.costes_threshold(a, b)):
        assert share == pytest.approx(0.6, abs=0.05)
    for share in coloc.manders(a, b, 0.1, 0.1):
        assert 0.3 < share < 0.95


def archive(member: str = "CBS006RBM.tiff", image: np.ndarray | None = None) -> bytes:
    """A zip file as the benchmark serves it."""
    tiff, content = io.BytesIO(), io.BytesIO()
    tifffile.imwrite(tiff, np.arange(48, dtype=np.uint8).reshape(4, 4, 3) if image is None else image)
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(member, tiff.getvalue())
    return content.getvalue()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server for the files of a folder."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Nothing on the terminal."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}/image.zip", folder / "image.zip"
        httpd.shutdown()
        thread.join()


def test_benchmark_image(server: tuple[str, Path], tmp_path: Path) -> None:
    url, served = server
    served.write_bytes(archive())
    cache = tmp_path / "cache"
    (red, first, kind), (blue, second, _) = coloc.make_sample_data_cbs006rbm(cache_dir=cache, url=url)
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    np.testing.assert_allclose(red, pixels[..., 0] / 255, rtol=1e-7)
    np.testing.assert_allclose(blue, pixels[..., 2] / 255, rtol=1e-7)
    assert (first["name"], second["name"], kind) == ("CBS006RBM_red", "CBS006RBM_blue", "image")
    assert red.dtype == np.float32
    assert (cache / "image.zip.sha256").read_text() == hashlib.sha256(served.read_bytes()).hexdigest()
    served.unlink()
    again = coloc.make_sample_data_cbs006rbm(cache_dir=cache, url=url)
    np.testing.assert_array_equal(again[0][0], red)
    (cache / "image.zip").write_bytes(archive(image=pixels[::-1]))
    with pytest.raises(FormatError, match=r"image\.zip: expected SHA-256"):
        coloc.make_sample_data_cbs006rbm(cache_dir=cache, url=url)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"not a zip", "zip archive"),
        (archive(member="other.tiff"), "CBS006RBM.tiff"),
        (archive()[:-40], "zip archive"),
        (archive(image=np.zeros((4, 4), np.uint8)), "RGB"),
    ],
)
def test_damaged_benchmark_image(server: tuple[str, Path], tmp_path: Path, content: bytes, message: str) -> None:
    url, served = server
    served.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        coloc.make_sample_data_cbs006rbm(cache_dir=tmp_path, url=url)


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUMENTRACE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(OSError, match=r"put the file at .*nothing\.zip"):
        coloc.make_sample_data_cbs006rbm(url="http://127.0.0.1:9/nothing.zip", timeout=2)
    assert not list((tmp_path / "cache").iterdir())


def test_missing_on_the_server(server: tuple[str, Path], tmp_path: Path) -> None:
    with pytest.raises(OSError, match="404"):
        coloc.make_sample_data_cbs006rbm(cache_dir=tmp_path, url=server[0])

"""Cut the golden files of the repository, `fixtures/golden/<technique>.zip`, out of the full set.

    python tests/make_golden.py ../shared/golden

What is small is copied. A name that begins with `small_` is a case whose input was made smaller in a way that leaves
the numbers of the other program what they were; each function below says how.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from scipy.io import loadmat, savemat

from golden import FOLDER

Files = dict[str, bytes]
DATE = (2026, 11, 20, 0, 0, 0)


def packed(**arrays: Any) -> bytes:
    """Arrays as an .npz, left to the outer archive to squeeze."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def unpacked(path: Path, *without: str) -> dict[str, Any]:
    with np.load(path) as arrays:
        return {key: value for key, value in arrays.items() if not key.startswith(without or "\0")}


def copied(folder: Path, *patterns: str) -> Files:
    """Files as they are, arrays and JSON written anew without blanks."""
    files = {}
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".npz":
            files[name] = packed(**unpacked(path))
        elif path.suffix == ".json":
            files[name] = compact(json.loads(path.read_text("utf-8")))
        else:
            files[name] = path.read_bytes()
    return files


def rounded(values: Any, bits: int) -> Any:
    """To so many bits behind the point."""
    return np.rint(values * 2.0**bits) / 2.0**bits if values.dtype.kind == "f" else values


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# ------------------------------------------------------------------------ techniques
TWICE = ("birmingham", "cutpoints", "fpi", "segregate", "traverse2d", "traverse3d")


def pept(folder: Path) -> Files:
    """All cases but the second of a kind where both are large.

    Blobs end where they fall below 1/64; points that are compared to 1e-6 or 1e-7 are rounded far below that.
    """
    files = copied(folder, "*.json", "*.csv", "*.da01", "*.npz")
    needless = ("manifest.json", "end_to_end.json", "beyond_docs_r3.npz", "fpi_blobs.npz")
    for name in (*needless, *(f"{kind}_1.npz" for kind in TWICE)):
        del files[name]
    blobs = unpacked(folder / "fpi_blobs.npz")
    files["small_fpi_blobs.npz"] = packed(**blobs | {"grid": rounded(blobs["grid"], 6)})
    for name, outputs, bits in (("tof_beyond_docs.npz", ("tof", "cut", "dens"), 24), ("minpoints_0.npz", ("out",), 28)):
        arrays = unpacked(folder / name)
        found = {key: rounded(held, bits) for key, held in arrays.items() if key.startswith(outputs)}
        files[name] = packed(**arrays | found)
    return files


def coloc(folder: Path) -> Files:
    """All cases but the four with the largest images."""
    images = unpacked(folder / "cases.npz", "peer_sample_2d", "u16_2d", "u16_3d", "f32_2d")
    return copied(folder, "*.json") | {"small_cases.npz": packed(**images)}


LARGE_CALLS = ("nan gauss none", "boundary")


def stain(folder: Path) -> Files:
    """All numbers of functions but two, of file names and layouts and the like, and 200 by 200 pixels of a pair."""
    files = copied(folder, "*.json", "channels.npz")
    del files["pairs_peer.json"]
    arrays = unpacked(folder / "functions.npz")
    calls = [call for call in json.loads(files["functions.json"]) if call["case"] not in LARGE_CALLS]
    named = json.dumps(calls)
    files["small_functions.npz"] = packed(**{key: held for key, held in arrays.items() if f'"{key}"' in named})
    files["small_functions.json"] = compact(calls)
    del files["functions.json"]
    return files | cut_pair(folder / "pairs" / "p01_easy", slice(156, 356))


def cut_pair(folder: Path, place: slice) -> Files:
    """The same square of both images, and what is true of it."""
    truth_file = folder / "truth" / "S001_SybrGld.json"
    truth = json.loads(truth_file.read_text("utf-8"))
    moved = np.array([[1, 0, -place.start], [0, 1, -place.start], [0, 0, 1]])
    matrix = moved @ np.reshape(truth["post_to_pre"], (3, 3)) @ np.linalg.inv(moved)
    width = place.stop - place.start
    truth |= {"post_to_pre": matrix.ravel().tolist(), "post_shape": [width, width], "pre_shape": [width, width]}
    truth["spots"] = [
        spot | {axis: spot[axis] - place.start for axis in "xy"}
        for spot in truth["spots"]
        if all(place.start <= spot[axis] < place.stop for axis in "xy")
    ]
    files = {"truth/S001_SybrGld.json": compact(truth)}
    for path in (*folder.glob("raw/S001/*.tif"), folder / "truth" / "S001_SybrGld_mask.tif"):
        image = tifffile.imread(path)
        file = io.BytesIO()
        tifffile.imwrite(file, (image[..., 1] if image.ndim == 3 else image)[place, place])
        files[path.relative_to(folder).as_posix()] = file.getvalue()
    return {f"pairs/small_{folder.name}/{name}": held for name, held in files.items()}


def afm(folder: Path) -> Files:
    """Of what takes regions out of a film, pixels above the threshold alone; of filters and blobs, one frame."""
    files = afm_case(folder, "s01_count_nonzero", ones, same)
    for name in ("s04_tracking_default", "s05_tracking_gaps", "s06_dbscan", "s08_xmeans", "s15_record_layout"):
        files |= afm_case(folder, name, above_threshold, same)
    for name in ("s11_filters", "s12_masks", "s13_masked_filters", "s14_processing_pipeline"):
        files |= afm_case(folder, name, first_frame, first_frame)
    files |= afm_case(folder, "s10_log_tuned_kmeans_xy", first_frame_in_256ths, same)
    return files | afm_case(folder, "s16_align_frames", in_sixteenths, in_sixteenths)


def same(name: str, held: Any) -> Any:
    return held


def ones(name: str, held: Any) -> Any:
    """Pixels of which all that counts is that they are not 0."""
    return (held != 0).astype(float) if name == "data" else held


def above_threshold(name: str, held: Any) -> Any:
    """Pixels that no region can hold, since they lie below the threshold of the cases, are 0."""
    return np.where(held > 1.5, held, 0) if name == "data" else held


def first_frame(name: str, held: Any) -> Any:
    """The first of several frames that have nothing to do with each other; what comes out, to 30 bits."""
    frame = held[:1] if held.ndim else held
    return frame if held.dtype.kind != "f" or name in ("data", "timestamps") else rounded(frame, 30)


def first_frame_in_256ths(name: str, held: Any) -> Any:
    """The first frame, for places of blobs that do not hang on the last digits of heights."""
    return rounded(first_frame(name, held), 8)


def in_sixteenths(name: str, held: Any) -> Any:
    """Heights in steps of 1/16, before and after: frames that move by whole pixels keep their heights."""
    return rounded(held, 4)


Change = Callable[[str, Any], Any]
LEFT_OUT = (
    *("polynomial_flatten_order1", "polynomial_flatten_order3", "gaussian_filter_sigma1.0", "zero_mean", "zero_median"),
    *("vertical_flip", "masked_zero_mean", "masked_zero_median", "masked_remove_plane"),
    *("remove_plane", "row_median_align", "masked_polynomial_flatten"),
)


def afm_case(folder: Path, name: str, change: Change, change_out: Change) -> Files:
    """A case with changed input, and with what comes out changed alike."""
    case = json.loads((folder / name / "case.json").read_text("utf-8"))
    inputs = {key: change(key, held) for key, held in unpacked(folder / case["input"]).items()}
    expected = {}
    if (folder / name / "expected.npz").exists():
        expected = {key: change_out(key, held) for key, held in unpacked(folder / name / "expected.npz").items()}
    case["input"] = f"{change.__name__}/{Path(case['input']).name}"
    case["expected"] = {key: held for key, held in case["expected"].items() if key not in LEFT_OUT}
    if change in (first_frame, first_frame_in_256ths):
        case["expected"] = of_first_frame(case["expected"])
    files = {f"small_{name}/case.json": compact(case), case["input"]: packed(**inputs)}
    if expected:
        kept = {key: held for key, held in expected.items() if key not in LEFT_OUT}
        files[f"small_{name}/expected.npz"] = packed(**kept)
    return files


def of_first_frame(value: Any) -> Any:
    """What a document says about the first of three frames, or of eight."""
    if isinstance(value, list):
        return [of_first_frame(item) for item in value]
    if not isinstance(value, dict):
        return value
    one = {key: of_first_frame(item) for key, item in value.items()}
    if isinstance(one.get("shape"), list):
        one["shape"] = [1, *one["shape"][1:]]
    if "features_per_frame" in one:
        one["features_per_frame"] = one["features_per_frame"][:1]
    return one


def twophoton(folder: Path) -> Files:
    """Functions on arrays that are tested as such, and one recording whose movie says little."""
    files = copied(folder, "units/*.json", "units/*.csv")
    arrays = unpacked(folder / "units" / "units.npz", "k_", "pd", "qc_")
    filtered = {key: rounded(held, 30) for key, held in arrays.items() if key.startswith("filt_") and key != "filt_in"}
    files["units/units.npz"] = packed(**arrays | filtered)
    return files | small_recording(folder / "noise_olfaction")


KEPT_ARRAYS = ("windows", "trial", "pd_", "motion_", "raw_full", "traces_movie_global_percentile_c")
KEPT_ARRAYS += ("traces_movie_global_percentile_b", "dff_run", "corr_", "normalization", "kernel_", "watershed_")
KEPT_ARRAYS += ("mean_image",)
UNDATED = b"MATLAB 5.0 MAT-file".ljust(116)


def small_recording(folder: Path) -> Files:
    """A recording with the sums over every cell and over the background, frame by frame, of the full one."""
    facts = json.loads((folder / "facts.json").read_text("utf-8"))
    # Where the percentile of the mean image lies depends on pixels that are not kept.
    del facts["traces_movie_global_percentile_metadata"]["background_threshold"]
    arrays = {name: held for name, held in unpacked(folder / "arrays.npz").items() if name.startswith(KEPT_ARRAYS)}
    del arrays["mean_image_10_40"]
    for name, held in arrays.items():
        if name.startswith("kernel_") and not name.endswith("time"):
            arrays[name] = held.astype(np.float32)
        elif name.startswith(("dff_run", "traces_")) and held.dtype == np.float64:
            arrays[name] = rounded(held, 30)
    files = copied(folder, "*.csv", "scores.json") | {"facts.json": compact(facts), "arrays.npz": packed(**arrays)}
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(folder / "recording.zip") as archive:
        archive.extractall(place)
        files["recording.zip"] = repacked(Path(place), unpacked(folder / "arrays.npz")["mean_image"])
    return {f"small_{folder.name}/{name}": held for name, held in files.items()}


def repacked(folder: Path, mean_image: Any) -> bytes:
    """The unpacked recording with a movie of little content; nothing is squeezed, the outer archive does that."""
    truth = unpacked(folder / "truth.npz", "row_time", "neuropil", "bleach", "shifts")
    dff = truth.pop("dff")
    inner = mean_image[1:-1, 1:-1]
    dark = np.zeros(mean_image.shape, bool)
    dark[1:-1, 1:-1] = inner <= np.percentile(inner, 10)
    labels = np.where(dark, truth["label_image"].max() + 1, truth["label_image"])
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            if path.name == "truth.npz":
                held = packed(**truth, dff=dff.astype(np.float16))
            elif path.name == "alignedMovie.mat":
                held = sums_alone(path, labels)
            elif path.suffix == ".tif":
                header = io.BytesIO()
                tifffile.imwrite(header, np.zeros(tifffile.TiffFile(path).series[0].shape[-2:], np.uint16))
                held = header.getvalue()
            elif path.name in ("highResPd.mat", "stimdata.mat"):
                plain = io.BytesIO()
                savemat(plain, {key: value for key, value in loadmat(path).items() if not key.startswith("__")})
                held = UNDATED + plain.getvalue()[len(UNDATED) :]
            else:
                held = path.read_bytes()
            archive.writestr(zipfile.ZipInfo(name, DATE), held)
    return file.getvalue()


def sums_alone(path: Path, labels: Any) -> bytes:
    """A movie in which one pixel of each label makes up for all others, and almost nothing else changes.

    Pixels of a cell that are darker than the background, which is the last label, are cut off one by one; so they stay
    what they are, and no other pixel gets darker than that. In the mean, the background stays darkest.
    """
    with h5py.File(path) as source:
        movie = np.swapaxes(source["imgFrames_ch1"][:], 1, 2)
    made = np.full(movie.shape, 200.0)
    background = labels.max()
    for frame, out in zip(movie, made, strict=True):
        dark = frame[labels == background].mean()
        for label in range(1, background + 1):
            is_cell = label != background
            own = frame[labels == label]
            free = own >= dark if is_cell else np.ones(own.shape, bool)
            if free.any():
                own[free] = evened(own[free].sum(), free.sum(), 100 if is_cell else 22, dark if is_cell else -np.inf)
            out[labels == label] = own
    file = io.BytesIO()
    with h5py.File(file, "w") as out_file:
        out_file.create_dataset("imgFrames_ch1", data=np.swapaxes(made, 1, 2), chunks=(len(made), 1, 1))
    return file.getvalue()


def evened(total: float, count: int, usual: float, least: float) -> Any:
    """So many whole numbers with a given sum: one odd and else the usual, or about equal where that is too little."""
    values = np.full(count, float(usual))
    values[0] = total - usual * (count - 1)
    if min(usual, values[0]) >= least:
        return values
    each, left = divmod(total, count)
    return each + (np.arange(count) < left)


def write(archive: Path, files: Files) -> None:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_LZMA) as file:
        for name, held in sorted(files.items()):
            file.writestr(zipfile.ZipInfo(name, DATE), held, zipfile.ZIP_LZMA)


def main(source: Path) -> None:
    for cut in (pept, coloc, stain, afm, twophoton):
        archive = FOLDER / f"{cut.__name__}.zip"
        write(archive, cut(source / cut.__name__))
        print(archive.name, archive.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

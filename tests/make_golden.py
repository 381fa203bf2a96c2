"""Cut the golden files of the repository, `fixtures/golden/<technique>.zip`, out of the full set.

    python tests/make_golden.py ../shared/golden

What is small is copied. A name that begins with `small_` is a case whose input was made smaller in a way that leaves
the numbers of the other program what they were; each function below says how.
"""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

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


def compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


# ------------------------------------------------------------------------ techniques
def pept(folder: Path) -> Files:
    """All cases but the second of a kind where both are large. Blobs end where they fall below 1/64."""
    files = copied(folder, "*.json", "*.csv", "*.da01", "*.npz")
    left_out = ["manifest.json", "beyond_docs_r3.npz", "fpi_blobs.npz"]
    left_out += [
        f"{name}_1.npz" for name in ("birmingham", "cutpoints", "fpi", "segregate", "traverse2d", "traverse3d")
    ]
    blobs = unpacked(folder / "fpi_blobs.npz")
    blobs["grid"] = np.rint(blobs["grid"] * 64) / 64
    return {name: held for name, held in files.items() if name not in left_out} | {
        "small_fpi_blobs.npz": packed(**blobs)
    }


def coloc(folder: Path) -> Files:
    """All cases but the four with the largest images."""
    images = unpacked(folder / "cases.npz", "peer_sample_2d", "u16_2d", "u16_3d", "f32_2d")
    return copied(folder, "*.json") | {"small_cases.npz": packed(**images)}


def stain(folder: Path) -> Files:
    """All numbers of functions, file names, layouts, channels and checkpoints, and 200 by 200 pixels of a pair."""
    return copied(folder, "*.json", "*.npz") | cut_pair(folder / "pairs" / "p01_easy", slice(156, 356))


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
    files |= afm_case(folder, "s10_log_tuned_kmeans_xy", first_frame, same)
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
    """The first of several frames that have nothing to do with each other; what comes out, in steps of 2**-32."""
    frame = held[:1] if held.ndim else held
    return frame if held.dtype.kind != "f" or name in ("data", "timestamps") else np.rint(frame * 2**32) / 2**32


def in_sixteenths(name: str, held: Any) -> Any:
    """Heights in steps of 1/16, before and after: frames that move by whole pixels keep their heights."""
    return np.rint(held * 16) / 16 if held.dtype.kind == "f" else held


LEFT_OUT = (
    *("polynomial_flatten_order1", "polynomial_flatten_order3", "gaussian_filter_sigma1.0", "zero_mean", "zero_median"),
    *("vertical_flip", "masked_zero_mean", "masked_zero_median", "masked_remove_plane"),
)


def afm_case(
    folder: Path, name: str, change: Callable[[str, Any], Any], change_out: Callable[[str, Any], Any]
) -> Files:
    case = json.loads((folder / name / "case.json").read_text("utf-8"))
    inputs = {key: change(key, held) for key, held in unpacked(folder / case["input"]).items()}
    expected = {}
    if (folder / name / "expected.npz").exists():
        expected = {key: change_out(key, held) for key, held in unpacked(folder / name / "expected.npz").items()}
    case["input"] = f"{change.__name__}/{Path(case['input']).name}"
    case["expected"] = {key: held for key, held in case["expected"].items() if key not in LEFT_OUT}
    if change is first_frame:
        case["expected"] = of_first_frame(case["expected"])
    return {
        f"small_{name}/case.json": compact(case),
        case["input"]: packed(**inputs),
        f"small_{name}/expected.npz": packed(**{key: held for key, held in expected.items() if key not in LEFT_OUT}),
    }


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
    files = copied(folder, "units/*.json", "units/*.csv")
    return files | {"units/units.npz": packed(**unpacked(folder / "units" / "units.npz", "k_"))}


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

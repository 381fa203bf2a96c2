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
from pathlib import Path
from typing import Any

import numpy as np

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
    """All numbers of functions, file names, layouts, channels and checkpoints; none of the pairs."""
    return copied(folder, "*.json", "*.npz")


def afm(folder: Path) -> Files:
    """Some cases as they are; filters and blobs for one frame; tracking without what lies below the threshold."""
    files = copied(folder, "s12_masks/case.json")
    for name in ("s04_tracking_default", "s05_tracking_gaps", "s06_dbscan", "s08_xmeans", "s15_record_layout"):
        files |= afm_case(folder, name, above_threshold)
    files |= afm_case(folder, "s01_count_nonzero", lambda inputs: inputs)
    return files


def above_threshold(inputs: dict[str, Any]) -> dict[str, Any]:
    """Pixels that no region can hold are 0."""
    return inputs | {"data": np.where(inputs["data"] > 1.5, inputs["data"], 0)}


def afm_case(folder: Path, name: str, change: Any) -> Files:
    case = json.loads((folder / name / "case.json").read_text("utf-8"))
    inputs = change(unpacked(folder / case["input"]))
    case["input"] = f"small_{name}/input.npz"
    files = {f"small_{name}/case.json": compact(case), f"small_{name}/input.npz": packed(**inputs)}
    if (folder / name / "expected.npz").exists():
        files[f"small_{name}/expected.npz"] = packed(**unpacked(folder / name / "expected.npz"))
    return files


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

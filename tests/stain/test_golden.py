"""Stain: every documented helper and the pipeline beside the golden data."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from golden import golden
from lumentrace import FormatError, stain
from lumentrace.stain.stages.estimates import PROCESS_BYTES
from stain_scores import matrix_error, stain_score

PAIRS = ["p01_easy", "p02_scale", "p03_16bit", "p04_sizes"]
BINNED = ("equalize_pair",)
KINDS = {
    "no sample dir": "no folder",
    "dye absent": "dyes present",
    "no valid files": "no valid file",
    "incomplete": "is missing",
    "duplicate": "more than one",
}


@pytest.mark.parametrize(("name", "calls"), [("functions", 29), ("small_functions", 28)])
def test_functions(name: str, calls: int) -> None:
    arrays = golden(f"stain/{name}.npz")

    def value(item: Any) -> Any:
        if isinstance(item, dict) and "array" in item:
            return arrays[item["array"]]
        return [value(part) for part in item] if isinstance(item, list) else item

    checked = 0
    for call in golden(f"stain/{name}.json"):
        if not hasattr(stain, call["fn"]):
            assert call["fn"] == "_extract_boundary"
            continue
        given = [value(item) for item in call["args"]]
        before = [item.copy() if isinstance(item, np.ndarray) else item for item in given]
        found = getattr(stain, call["fn"])(*given, **{key: value(item) for key, item in call["kwargs"].items()})
        for item, old in zip(given, before, strict=True):
            np.testing.assert_array_equal(item, old)
        expected = value(call["out"])
        pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
        for ours, theirs in pairs:
            close(call["fn"], ours, theirs)
        checked += 1
    assert checked == calls


def close(name: str, ours: Any, theirs: Any) -> None:
    if isinstance(theirs, list):
        assert list(ours) == [item["scalar"] for item in theirs]
    elif isinstance(theirs, dict):
        assert np.asarray(ours).dtype.name.rstrip("0123456789") == theirs["dtype"].rstrip("0123456789")
        assert float(ours) == pytest.approx(theirs["scalar"], rel=1e-6)
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        if theirs.dtype == np.float64:
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
        elif theirs.dtype == np.float32 and name not in BINNED:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
        elif name in BINNED:
            assert np.mean(np.abs(ours - theirs) > 1e-6) <= 1e-3
        else:
            np.testing.assert_array_equal(ours, theirs)
    else:
        assert ours == theirs


def test_file_names(tmp_path: Path) -> None:
    for number, case in enumerate(golden("stain/filenames.json")):
        folder = tmp_path / str(number)
        names = case["files"]
        if names is None:
            _, warnings = stain.classify_raw_files(folder)
            assert len(warnings) == 1
            assert str(folder) in warnings[0]
            continue
        folder.mkdir()
        for name in names:
            (folder / name).touch()
        pairs, warnings = stain.classify_raw_files(folder, strip_ome=False)
        found = {
            dye: {side: [Path(path).name for path in paths] for side, paths in sides.items()}
            for dye, sides in pairs.items()
        }
        assert found == case["pairs"]
        assert list(found) == case["pair_order"]
        kinds = [text for text in warnings if not text.startswith("DYE UNDERSCORE")]
        assert len(kinds) == len(case["warnings"])
        for text, expected in zip(kinds, case["warnings"], strict=True):
            assert text.startswith(f"{expected['kind']}:")
            assert expected["file"] in text


def test_layouts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, case in enumerate(golden("stain/layouts.json")):
        raw = tmp_path / str(number) / "raw"
        plant(raw, case["tree"])
        if case["name"] == "text only":
            assert not stain.diagnose_raw_layout(raw)["ok"]
            continue
        report = stain.diagnose_raw_layout(raw)
        told = report.pop("message")
        assert {**report, "raw_dir": "<raw>"} == case["report"], case["name"]
        assert all(name in told for name in case["message"]["names"])
        assert ("Rules for file names" in told) == case["message"]["has_rules"]
        tasks = stain.discover_tasks(case["samples"], case["dyes"], raw)
        assert tasks["layout_ok"] == case["layout_ok"]
        assert [list(pair) for pair in tasks["present"]] == case["present"]
        assert [[sample, dye] for sample, dye, _ in tasks["skipped"]] == [entry[:2] for entry in case["skipped"]]
        for (_, _, reason), entry in zip(tasks["skipped"], case["skipped"], strict=True):
            assert KINDS[entry[2]] in reason
        assert [sample for sample, _ in tasks["warnings"]] == case["warning_samples"]
        for dye, error in case["load_error"].items():
            classes: dict[str, type[Exception]] = {
                "FileNotFoundError": FileNotFoundError,
                "ValueError": ValueError,
                "UnidentifiedImageError": FormatError,
            }
            with pytest.raises(classes[error]):
                stain.load_image_pair("A", dye, raw)
    capsys.readouterr()


def plant(root: Path, tree: Any) -> None:
    if tree is None:
        return
    root.parent.mkdir(parents=True, exist_ok=True)
    if tree == "file":
        root.touch()
        return
    root.mkdir()
    for folder, names in tree.items():
        (root / folder).mkdir(exist_ok=True, parents=True)
        for name in names:
            (root / folder / name).parent.mkdir(exist_ok=True, parents=True)
            (root / folder / name).touch()


def test_estimates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = golden("stain/estimates.json")
    for number, text in record["format_bytes"]:
        assert stain.format_bytes(number) == text
    for case in record["preflight"]:
        assert preflight(case, monkeypatch) == (case["result"], case["high_marks"]), case
    assert {tuple(sorted(entry["out"])) for case in record["estimates"] for entry in case["disk"]} == {
        tuple(sorted(stain.estimate_pipeline_output_size([], tmp_path)))
    }


def test_memory_estimates(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    for sample, image in {"A": np.zeros((80, 100, 3), np.uint8), "B": np.zeros((60, 70), np.uint8)}.items():
        (raw / sample).mkdir(parents=True)
        for side in ("pre", "post"):
            tifffile.imwrite(raw / sample / f"{sample}_{side}_D.tif", image)
    ours_over_theirs = stain.PEAK_FACTOR_PER_TASK / 4.0
    for case in golden("stain/estimates.json")["estimates"]:
        found = stain.estimate_pipeline_memory([(sample, dye) for sample, dye in case["pairs"]], raw, **case["kw"])
        expected = case["memory"]
        # The reference leaves out what a process needs before the first image.
        tasks = [number and PROCESS_BYTES + int(number * ours_over_theirs) for number in expected["per_task_bytes"]]
        assert found["per_task_bytes"] == tasks
        assert found["peak_bytes"] == max(tasks)
        assert found["concurrent_peak_bytes"] == max(tasks) * case["kw"].get("n_workers", 1)
        assert len(found["warnings"]) == expected["warnings"]
        assert found["n_resolvable"] == expected["n_resolvable"]


def preflight(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """The class of the error, or 'ok', and how many warnings were printed, with faked needs and room."""
    from lumentrace.stain.stages import estimates

    room, printed = 10_000_000_000, []
    needs = {name: round(case[name] * room) for name in ("ram", "disk")}
    empty: dict[str, Any] = {"warnings": [], "n_resolvable": 1}
    with monkeypatch.context() as patch:
        patch.setattr(estimates, "get_available_memory", lambda: room)
        patch.setattr(estimates, "get_free_disk_space", lambda _: room)
        patch.setattr(
            estimates, "estimate_pipeline_memory", lambda *_: {**empty, "concurrent_peak_bytes": needs["ram"]}
        )
        patch.setattr(estimates, "estimate_pipeline_output_size", lambda *_: {**empty, "total_bytes": needs["disk"]})
        patch.setattr("builtins.print", lambda *text: printed.append(text))
        try:
            stain.preflight_check([("A", "D")], force_run=case["force_run"])
        except (MemoryError, OSError) as error:
            return type(error).__name__, case["high_marks"]
    # A failure that is forced is told as a warning too; the reference prints it differently.
    forced = sum(case[name] > 1 for name in needs)
    return "ok", len(printed) - forced


def test_checkpoint_names() -> None:
    for case in golden("stain/checkpoints.json")["suffix"]:
        for stage, suffix in case["suffix"].items():
            assert stain.build_suffix(case["params"], int(stage)) == suffix
        found = stain.params_from_suffix(case["suffix"]["4"])
        assert found == case["parsed"]
        assert [type(value) for value in found.values()] == [type(value) for value in case["parsed"].values()]


def test_checkpoint_files(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    params = {"pad": 500, "use_edges": False, "manual_scale": None, "unknown_long_name": 3}
    extra = {"SCALE": (1.25, "c"), "longkeyword": 4}
    images = {"f32": np.ones((5, 7), np.float32), "u8": np.ones((5, 7), np.uint8)}
    cases = [case for case in golden("stain/checkpoints.json")["save"] if not case["base"].endswith("tiff/x")]
    assert len(cases) == 4
    for number, case in enumerate(cases):
        root = tmp_path / str(number)
        stain.save_checkpoint(images[case["image"]], root / case["base"], "A", "D", "01_padded", params, extra)
        assert sorted(str(path.relative_to(root)) for path in root.rglob("*.*")) == case["files"]
        with fits.open(root / case["files"][0]) as file:
            cards = [[card.keyword, card.value, card.comment] for card in file[0].header.cards]
            assert file[0].data.dtype.str == case["fits_dtype"]
        strip = {"SIMPLE", "BITPIX", "NAXIS", "NAXIS1", "NAXIS2", "EXTEND"}
        expected = [card for card in case["cards"] if card[0] not in strip]
        for ours, theirs in zip([card for card in cards if card[0] not in strip], expected, strict=True):
            assert ours[0] == theirs[0]
            if theirs[0] != "CREATED":
                assert ours[1:] == theirs[1:]
        assert tifffile.imread(root / case["files"][1]).dtype == case["tiff_dtype"]
        loaded = stain.load_checkpoint(root / case["base"])
        assert loaded is not None
        assert [loaded.dtype.name, list(loaded.shape)] == case["loaded"]


def test_channels(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = golden("stain/channels.json")
    arrays = golden("stain/channels.npz")
    for case in record["load"]:
        folder = tmp_path / "raw" / case["name"].replace(" ", "").replace("+", "")
        folder.mkdir(parents=True)
        for side in ("pre", "post"):
            tifffile.imwrite(folder / f"S_{side}_D.tif", arrays[case["input"]], **case["imwrite"])
        post = stain.load_image_pair(folder.name, "D", tmp_path / "raw")[0]
        expected = arrays[case["output"]]
        if case["name"] == "red+blue":
            # The reference cuts sums of channels off at 255; ours widens them.
            assert post.dtype == np.uint16
            post = np.minimum(post, 255).astype(np.uint8)
        assert post.dtype == expected.dtype
        np.testing.assert_array_equal(post, expected)
    found = stain.survey_raw_channels(tmp_path / "raw", record["survey_crop"])
    by_name = {str(Path(entry["path"]).relative_to(tmp_path)): entry for entry in found}
    assert len(by_name) == len(record["survey"])
    for entry in record["survey"]:
        ours = by_name[entry["path"]]
        assert list(ours["size"]) == entry["size"]
        assert (ours["mode"], ours["channels"]) == (entry["mode"], entry["channels"])
    capsys.readouterr()


@pytest.mark.parametrize("name", [*PAIRS, "small_p01_easy"])
def test_pairs(name: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw" / "S001"
    raw.mkdir(parents=True)
    for file in ("S001_PreStain_SybrGld.tif", "S001_PostStain_SybrGld.tif"):
        (raw / file).write_bytes(golden(f"stain/pairs/{name}/raw/S001/{file}"))
    truth = golden(f"stain/pairs/{name}/truth/S001_SybrGld.json")
    mask = tifffile.imread(io.BytesIO(golden(f"stain/pairs/{name}/truth/S001_SybrGld_mask.tif")))
    task = stain.SampleDye("S001", "SybrGld", tmp_path / "out", raw.parent)
    task.set_params(pad=300)
    result = task.run()
    assert result["status"] == "complete"
    assert task.registration is not None
    errors = matrix_error(truth, task.registration.padded(300), 300)
    assert errors.mean() <= 0.05
    assert errors.max() <= 0.12
    assert result["scale_estimate"] == pytest.approx(truth["bg_scale"], rel=5e-3)
    difference = stain.load_checkpoint(task.folder / "04_difference_difference_pad300")
    assert difference is not None
    score = stain_score(truth, mask, difference, 300)
    assert score["auc"] >= 0.97
    if name in PAIRS:  # what the reference made of the whole images
        peer = golden("stain/pairs_peer.json")[name]["stain"]
        assert score["recall"] >= peer["recall"]
        assert score["precision"] >= peer["precision"]
        assert score["n_spots"] >= 39
        assert score["flux_ratio_median"] == pytest.approx(1, abs=0.03)

"""AFM pipelines, records and plugins."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afm_cases import DETECT, movie, run, stacked
from lumentrace.afm import AnalysisModule, AnalysisPipeline, ProcessingPipeline, export_analysis_to_json
from lumentrace.afm.analysis import registry
from lumentrace.afm.analysis.utils.common import NumpyEncoder, safe_json_dumps


# ------------------------------------------------------------------ pipelines and records
def test_record() -> None:
    stack = stacked(movie(3)[0])
    pipeline = AnalysisPipeline()
    for name, params in (
        ("count_nonzero", {}),
        DETECT,
        ("feature_detection", {"mask_fn": "mask_mean_offset"}),
        ("particle_tracking", {}),
    ):
        pipeline.add(name, **params)
    pipeline.validate()
    record = pipeline.run(stack)
    keys = ["step_1_count_nonzero", "step_2_feature_detection", "step_3_feature_detection", "step_4_particle_tracking"]
    assert list(record) == ["environment", "analysis", "provenance"]
    assert list(record["analysis"]) == keys
    steps = record["provenance"]["steps"]
    assert list(steps[1]) == ["index", "name", "params", "timestamp", "version", "analysis_key"]
    assert [step["analysis_key"] for step in steps] == keys
    assert steps[1]["params"] == {"mask_fn": "mask_threshold", "threshold": 1.0}
    assert datetime.fromisoformat(steps[0]["timestamp"]).tzinfo is not None
    both = record["provenance"]["results_by_name"]["feature_detection"]
    assert both[1]["summary"] == record["analysis"][keys[2]]["summary"]
    assert record["provenance"]["keys_by_name"]["feature_detection"] == keys[1:3]
    assert record["provenance"]["frame_times"] == [0.0, 0.5, 1.0]
    assert {"timestamp", "python_version", "platform", "lumentrace_version", "numpy_version"} <= set(
        record["environment"]
    )
    pipeline.clear()
    pipeline.add("count_nonzero")
    again = pipeline.run(stack)
    assert list(again["analysis"]) == keys[:1]
    assert len(record["provenance"]["steps"]) == 4
    assert list(stack.analysis) == keys
    assert AnalysisPipeline().run(stack)["analysis"] == {}


def test_order_and_names() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(
        RuntimeError, match=r"step 1, particle_tracking: expected feature_detection or log_blob_detection"
    ):
        run(stack, ("particle_tracking", {}))
    with pytest.raises(ValueError, match="did you mean 'count_nonzero'"):
        run(stack, ("count_nonzeros", {}))
    pipeline = AnalysisPipeline()
    pipeline.add("particle_tracking")
    with pytest.raises(RuntimeError, match="step 1"):
        pipeline.validate()


@pytest.mark.parametrize("absent", ["none", "empty", "deleted"])
def test_what_a_stack_lacks_is_made(absent: str) -> None:
    stack = stacked(movie(2)[0])
    for name in ("provenance", "analysis"):
        if absent == "deleted":
            delattr(stack, name)
        else:
            setattr(stack, name, None if absent == "none" else {})
    record = run(stack, ("count_nonzero", {}))
    assert list(stack.analysis) == list(record["analysis"]) == ["step_1_count_nonzero"]
    assert [step["name"] for step in stack.provenance["analysis"]["steps"]] == ["count_nonzero"]
    assert stack.provenance["environment"] == record["environment"]
    ProcessingPipeline(stack).add("remove_plane").run()
    assert list(stack.provenance["processing"]["keys_by_name"]) == ["remove_plane"]


def test_results_before_a_failure_stay() -> None:
    stack = stacked(movie(1)[0])
    with pytest.raises(ValueError, match="mask_fn"):
        run(stack, ("count_nonzero", {}), ("feature_detection", {"mask_fn": "nothing"}))
    assert list(stack.analysis) == ["step_1_count_nonzero"]


class Plugin(AnalysisModule):
    name = "plugin"

    def run(self, stack: Any, previous_results: Any = None, **params: Any) -> dict[str, Any]:
        raise RuntimeError("the plugin's own trouble")


class Entry:
    """Stands for an entry point."""

    def __init__(self, name: str, what: Any):
        self.name, self._what = name, what

    def load(self) -> Any:
        if isinstance(self._what, Exception):
            raise self._what
        return self._what


def test_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "plugin": Plugin,
        "broken": ImportError("no such thing"),
        "number": 7,
        "other": dict,
        "fails": lambda: 1 / 0,
    }
    entries = [Entry(name, what) for name, what in made.items()]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries if group == "playnano.analysis" else [])
    assert registry.load_analysis_module("plugin").name == "plugin"
    for name, error in (("broken", RuntimeError), ("number", TypeError), ("other", TypeError), ("fails", RuntimeError)):
        with pytest.raises(error, match=f"'{name}'"):
            registry.load_analysis_module(name)
    with pytest.raises(RuntimeError, match="the plugin's own trouble"):
        run(stacked(movie(1)[0]), ("plugin", {}))


def test_modules_need_a_name_and_run() -> None:
    class Nameless(AnalysisModule):
        def run(self, stack: Any, previous_results: Any = None, **params: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(TypeError, match="abstract"):
        Nameless()  # type: ignore[abstract]  # that it cannot be made is tested


def test_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stacked(movie(2)[0])
    path = tmp_path / "new" / "record.json"
    pipeline = AnalysisPipeline()
    pipeline.add(*DETECT[:1], **DETECT[1])
    record = pipeline.run(stack, log_to=path)
    read = json.loads(path.read_text())
    key = "step_1_feature_detection"
    assert read["analysis"][key]["summary"] == record["analysis"][key]["summary"]
    assert np.array(read["analysis"][key]["labeled_masks"]).shape == (2, 96, 96)
    odd = {
        np.int64(3): np.bool_(True), "nan": np.array([np.nan, 1.0]), "path": Path("a"), "set": {2, 1}, "bytes": b"x",
        "time": np.datetime64("2026-01-01"), "function": np.mean, "text": np.str_("t"), "inf": float("inf"),
    }  # fmt: skip
    monkeypatch.chdir(tmp_path)
    export_analysis_to_json("bare.json", odd)
    assert json.loads(Path("bare.json").read_text()) == {
        "3": True, "nan": [None, 1.0], "path": "a", "set": [1, 2], "bytes": "eA==", "time": "2026-01-01",
        "function": "<function mean>", "text": "t", "inf": None,
    }  # fmt: skip
    export_analysis_to_json("nan.json", odd, allow_nan=True)
    assert "Infinity" in Path("nan.json").read_text()
    for text in (json.dumps(odd, cls=NumpyEncoder), safe_json_dumps(odd)):
        assert json.loads(text, parse_constant=pytest.fail) == json.loads(Path("bare.json").read_text())
    with pytest.raises(TypeError):
        export_analysis_to_json("bare.json", {"complex": 1j})
    assert "mean" in Path("bare.json").read_text()

"""AFM: every documented name with its parameters and defaults, and the documented examples as they are printed."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import json
import re
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from afm_cases import movie, stacked
from lumentrace import afm
from lumentrace.afm import AFMImageStack
from lumentrace.afm.analysis.modules.dbscan_clustering import DBSCANClustering
from lumentrace.afm.analysis.registry import load_analysis_module
from lumentrace.afm.analysis.utils.frames import frame_summary_to_dataframe
from lumentrace.afm.masks import MASKS
from lumentrace.afm.processing.registry import find_step

SIGNATURES = {
    "AFMImageStack": "data, pixel_size_nm, channel, file_path, frame_metadata=None",
    "AFMImageStack.load_data": "path, channel='height_trace'",
    "AFMImageStack.apply": "self, steps, **kwargs",
    "AFMImageStack.restore_raw": "self",
    "AFMImageStack.restore_frame_metadata": "self",
    "AFMImageStack.export_processing_log": "self, path",
    "AFMImageStack.export_analysis_log": "self, path",
    "AFMImageStack.get_frames": "self",
    "AFMImageStack.frames_with_metadata": "self",
    "AFMImageStack.get_frame_times": "self",
    "AnalysisModule.run": "self, stack, previous_results=None, **params",
    "AnalysisPipeline": "",
    "AnalysisPipeline.add": "self, module_name, **params",
    "AnalysisPipeline.clear": "self",
    "AnalysisPipeline.run": "self, stack, log_to=None",
    "ProcessingPipeline": "stack",
    "ProcessingPipeline.clear_mask": "self",
    "ProcessingPipeline.run": "self",
    "export_analysis_to_json": "out_path, analysis_record",
    "analysis.base.AnalysisModule.run": "self, stack, previous_results=None, **params",
    "analysis.pipeline.AnalysisPipeline.add": "self, module_name, **params",
    "analysis.export.export_analysis_to_json": "out_path, analysis_record",
    "analysis.utils.loader.load_analysis_module": "name",
    "analysis.utils.common.NumpyEncoder.default": "self, o",
    "analysis.utils.common.safe_json_dumps": "obj",
    "analysis.utils.common.make_json_safe": "record",
    "analysis.utils.common.sanitize_analysis_for_logging": "obj, max_depth=6",
    "analysis.utils.common.export_to_hdf5": "record",
    "analysis.utils.common.load_analysis_from_hdf5": "path",
    "analysis.utils.frames.frame_summary_to_dataframe": "features_per_frame",
    "analysis.utils.frames.plot_frame_histogram": "df, column, ax=None, save_to=None, bins=20",
    "analysis.utils.particles.flatten_particle_features": (
        "grouping, detection, object_key=None, object_id_field='cluster_id', frame_key='frames', "
        "index_key='point_indices'"
    ),
    "analysis.utils.particles.plot_particle_labels_3d": "df, object_id_field='track_id'",
    "analysis.utils.particles.export_particle_csv": "df, path",
    "masks.mask_threshold": "data, threshold=0.0",
    "masks.mask_below_threshold": "data, threshold=0.0",
    "masks.mask_mean_offset": "data, factor=1.0",
    "masks.mask_morphological": "data, threshold=0.0, structure_size=3",
    "masks.mask_adaptive": "data, block_size=15, offset=0.0",
}
DETECTIONS = (
    "detection_module='feature_detection', coord_key='features_per_frame', coord_columns=('centroid_x', 'centroid_y')"
)
CLUSTERS = f"{DETECTIONS}, use_time=True, normalise=True, time_weight=None"
MODULES = {
    "count_nonzero": "",
    "feature_detection": (
        "mask_fn=None, mask_key=None, morph_opening=False, sep_radius=6, min_size=10, remove_edge=True, "
        "fill_holes=False, hole_area=None"
    ),
    "log_blob_detection": (
        "min_sigma=1.0, max_sigma=5.0, num_sigma=10, threshold=0.1, overlap=0.5, include_radius=True"
    ),
    "particle_tracking": f"{DETECTIONS}, max_distance=5.0, max_missing=0, distance_scale='constant'",
    "dbscan_clustering": f"{CLUSTERS}, eps=0.3, min_samples=5",
    "k_means_clustering": f"{CLUSTERS}, k=None",
    "x_means_clustering": f"{CLUSTERS}, min_k=1, max_k=10, replicates=3, max_iter=300, bic_threshold=0.0",
    "particle_region_extraction": (
        "tracking_module='particle_tracking', detection_module='feature_detection', padding=0, fixed_box_size=None, "
        "square=False, fixed_size_mode='global', include_image=True, include_mask=True, include_bbox=True, "
        "label_key='label'"
    ),
    "tracked_particle_boundary_size": "measure='bbox_max_dim', threshold=None",
}
STEPS = {
    "clear": "",
    **{f"{name}": "" for name in ("row_median_align", "remove_plane", "zero_mean", "zero_median", "vertical_flip")},
    "polynomial_flatten": "order=2",
    "gaussian_filter": "sigma=1.0",
    "drop_frames": "indices_to_drop",
    "drop_frame_range": "start, end",
    "select_frames": "keep_indices",
    "drop_final_frames": "n=1",
    "align_frames": (
        "reference_frame=0, method='fft_cross_correlation', mode='pad', max_shift=None, pre_filter_sigma=None, "
        "max_jump=None"
    ),
    "rolling_frame_align": "window=5",
    "intersection_crop": "pad=0",
    "crop_square": "pad=0",
    "replace_nan": "mode='zero', value=None",
}
MEMBERS = (
    *("acquisition", "n_frames", "height", "width", "image_shape", "get_frame", "get_frame_metadata"),
    *("time_for_frame", "scaling_for_frame", "channel_for_frame"),
    *("data", "pixel_size_nm", "channel", "file_path", "frame_metadata", "processed", "masks", "analysis"),
    *("state_backups", "provenance"),
)


def find(path: str) -> Any:
    """What stands at a path below the package."""
    found: Any = afm
    for name in path.split("."):
        if inspect.ismodule(found) and not hasattr(found, name):
            import_module(f"{found.__name__}.{name}")
        found = getattr(found, name)
    return found


def documented(text: str) -> dict[str, inspect.Parameter]:
    scope: dict[str, Any] = {}
    exec(f"def documented({text}): ...", scope)
    return dict(inspect.signature(scope["documented"]).parameters)


def assert_agree(ours: list[inspect.Parameter], wanted: dict[str, inspect.Parameter]) -> None:
    """The documented parameters in order, with their kinds of variadic ones and their defaults."""
    found = {each.name: each for each in ours}
    assert [name for name in found if name in wanted] == list(wanted)
    for each in wanted.values():
        assert found[each.name].default == each.default, each.name
        assert (found[each.name].kind is each.VAR_KEYWORD) == (each.kind is each.VAR_KEYWORD)
    required = [each for each in ours if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD]
    assert {each.name for each in required} <= {*wanted, "path", "self"}, "an undocumented argument is required"


@pytest.mark.parametrize("name", SIGNATURES)
def test_documented_parameters_and_defaults(name: str) -> None:
    found = find(name)
    assert found.__doc__
    ours, wanted = list(inspect.signature(found).parameters.values()), documented(SIGNATURES[name])
    by_place = [each.name for each in wanted.values() if each.kind is each.POSITIONAL_OR_KEYWORD]
    assert [each.name for each in ours][: len(by_place)] == by_place
    assert_agree(ours, wanted)


@pytest.mark.parametrize("name", MODULES)
def test_documented_modules(name: str) -> None:
    module = load_analysis_module(name)
    assert isinstance(module, afm.AnalysisModule)
    assert (module.name, bool(module.version)) == (name, True)
    assert type(module).__module__ == f"lumentrace.afm.analysis.modules.{name}"
    assert list(inspect.signature(module.run).parameters)[:2] == ["stack", "previous_results"]
    functions = [module.run, *([module.cluster] if hasattr(module, "cluster") else [])]
    ours = [each for function in functions for each in inspect.signature(function).parameters.values()]
    assert_agree([each for each in ours if each.kind is each.KEYWORD_ONLY], documented(MODULES[name]))
    assert set(documented(MODULES[name])) <= set(module.settings())


@pytest.mark.parametrize("name", [*STEPS, *MASKS, "threshold_mask"])
def test_documented_steps_of_processing(name: str) -> None:
    step = find_step(name)
    if name in STEPS:
        own = inspect.signature(step.function).parameters.values()
        assert_agree([each for each in own if each.name not in ("data", "mask", "n_frames")], documented(STEPS[name]))


def test_documented_members() -> None:
    stack = stacked(movie(1)[0])
    assert all(hasattr(stack, name) for name in MEMBERS)
    record = afm.AnalysisPipeline().run(stack)
    assert isinstance(record, afm.AnalysisRecord)
    assert issubclass(afm.AnalysisRecord, dict)
    assert afm.AnalysisPipeline().steps == []
    for name in afm.__all__:
        assert find(name) is getattr(afm, name)


def test_keywords_of_scikit_learn() -> None:
    theirs = inspect.signature(pytest.importorskip("sklearn.cluster").DBSCAN).parameters
    assert set(theirs) <= set(inspect.signature(DBSCANClustering.cluster).parameters)


def test_tables_become_those_of_pandas_with_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extra = project["optional-dependencies"]["pandas"]
    assert [re.split(r"\W", each)[0] for each in extra] == ["pandas", "pyarrow"]
    for package in ("pandas", "pyarrow"):
        pytest.importorskip(package)
    table = frame_summary_to_dataframe([[{"area": 4.0, "mean": 2.0}], []]).to_pandas()
    assert table["total_area"].tolist() == [4.0, 0.0]


def test_every_name_is_on_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "afm" / "reference.md").read_text("utf-8")
    listed = re.findall(r"^::: lumentrace\.afm\.(\w+)$", page, re.MULTILINE)
    assert set(afm.__all__) - set(listed) == {"export_analysis_to_json"}, "on the page with its module"


# ------------------------------------------------------------------ the document itself
@pytest.fixture(scope="module")
def document(shared: Path) -> str:
    path = shared / "documents" / "playnano-analysis.txt"
    if not path.exists():
        pytest.skip(f"no {path}")
    return path.read_text("utf-8")


def test_places_of_the_document(document: str) -> None:
    places = set(re.findall(r"\bplayNano((?:\.[A-Za-z]\w*)+)", document))
    assert len(places) > 12
    for place in places:
        assert find(place[1:].replace("source", "")) is not None


def test_signatures_of_the_document(document: str) -> None:
    found = re.findall(r"^- (?:abstract )?(?:playNano[\w.]*\.)?(\w+)\((.*?)\) (?:None|dict)", document, re.MULTILINE)
    assert [name for name, _ in found] == ["run", "export_analysis_to_json", "add", "clear", "run"]
    owners = [afm.AnalysisModule, afm, *[afm.AnalysisPipeline] * 3]
    for (name, text), owner in zip(found, owners, strict=True):
        scope: dict[str, Any] = {"Any": Any, "AFMImageStack": AFMImageStack}
        exec(f"def documented({text}): ...", scope)
        function = getattr(owner, name)
        ours = [each for each in inspect.signature(function).parameters.values() if each.name != "self"]
        wanted = list(inspect.signature(scope["documented"]).parameters.values())
        assert [(each.name, each.default) for each in ours[: len(wanted)]] == [
            (each.name, each.default) for each in wanted
        ]


def examples(document: str) -> list[list[tuple[str, str]]]:
    """Statements and what they are said to print, example by example: the page has each on one line."""
    found = []
    for line in document.splitlines():
        if line.startswith(">>>") or " >>> " in line:
            parts = [part.strip() for part in line.split(">>>")[1:]]
            found.append([_parted(part) for part in parts if part])
    return found


def _parted(text: str) -> tuple[str, str]:
    """The longest beginning that is Python, and the rest."""
    words = re.sub(r": \.\.\. ", ":\n ", text).split(" ")
    for count in range(len(words), 0, -1):
        code = " ".join(words[:count])
        with contextlib.suppress(SyntaxError):
            ast.parse(code)
            return code, " ".join(words[count:])
    raise AssertionError(f"no Python: {text}")


def objects() -> AFMImageStack:
    """23 objects in 6 frames, as in the document."""
    data = np.zeros((6, 40, 40))
    for number in range(23):
        frame, place = divmod(number, 4)
        row, column = 8 + 16 * (place // 2), 8 + 16 * (place % 2)
        data[frame, row : row + 4, column : column + 4] = 8.0
    return stacked(data)


def test_examples_of_the_document_run_as_printed(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"AnalysisPipeline": afm.AnalysisPipeline, "pipeline": afm.AnalysisPipeline()}
    blocks, shown = examples(document), []
    assert len(blocks) == 3
    for block in blocks:
        names["stack"] = objects()
        for code, printed in block:
            expression = isinstance(ast.parse(code).body[-1:] and ast.parse(code).body[-1], ast.Expr)
            with contextlib.redirect_stdout(io.StringIO()) as out:
                value = eval(code, names) if expression else exec(code, names)
            if printed:
                shown.append(printed)
                assert_shown(value, out.getvalue(), printed)
    assert len(shown) == 4
    assert list(json.loads(Path("out.json").read_text())) == ["environment", "analysis", "provenance"]


def assert_shown(value: Any, out: str, printed: str) -> None:
    """The words that were printed, or a dict with the keys and numbers that are shown."""
    if not printed.startswith("{"):
        assert out.split() == printed.split()
        return
    assert set(re.findall(r"'(\w+)':", printed)) <= set(value)
    for key, number in re.findall(r"'(\w+)': ([\d.]+)", printed):
        assert value[key] == pytest.approx(float(number), abs=0.05)

"""The napari widget, without a screen."""

from __future__ import annotations

import importlib.util
import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

if importlib.util.find_spec("napari") is None:
    pytest.skip("napari is missing: pip install 'lumentrace[napari]' pyside6-essentials", allow_module_level=True)
try:
    from qtpy import QtCore, QtWidgets
except ImportError as error:
    pytest.skip(f"no Qt ({error}): pip install pyside6-essentials; apt install libegl1", allow_module_level=True)

from lumentrace import coloc

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(scope="module")
def application() -> Any:
    return QtWidgets.QApplication.instance() or QtWidgets.QApplication([])


@pytest.fixture
def viewer(application: Any) -> Any:
    from napari.components import ViewerModel

    return ViewerModel()


@pytest.fixture
def widget(viewer: Any) -> Any:
    from lumentrace.coloc.napari_widget import ColocalizationWidget

    for pixels, settings, _ in coloc.make_sample_data():
        viewer.add_image(pixels, **settings)
    labels = np.zeros((256, 256), int)
    labels[20:100, 30:200], labels[150:250, 10:120] = 4, 9
    viewer.add_labels(labels, name="cells")
    return ColocalizationWidget(viewer)


def choose(widget: Any, *names: str) -> None:
    for row in range(widget.channels.count()):
        item = widget.channels.item(row)
        item.setSelected(item.text() in names)


def test_whole_image(widget: Any) -> None:
    choose(widget, "channel_a", "channel_b")
    widget.run_button.click()
    (a, *_), (b, *_) = coloc.make_sample_data()
    expected = coloc.colocalization_table({"channel_a": a, "channel_b": b})
    assert widget.result.equals(expected)
    assert widget.table.rowCount() == 1
    assert widget.table.item(0, 4).text() == f"{expected['pcc'][0]:.4g}"
    assert "1 rows, 0 not measured" in widget.message.text()


def test_regions_are_highlighted(widget: Any, viewer: Any) -> None:
    choose(widget, "channel_a", "channel_b")
    widget.regions.setCurrentText("cells")
    widget.run_button.click()
    assert widget.result["region"].to_list() == [4, 9]
    for row, region in ((1, 9), (0, 4)):
        widget.table.selectRow(row)
        shown = viewer.layers["colocalization region"].data
        np.testing.assert_array_equal(shown, viewer.layers["cells"].data == region)
    assert widget.regions.findText("colocalization region") == -1


def test_shapes(widget: Any, viewer: Any) -> None:
    viewer.add_shapes([np.array([[10, 10], [10, 60], [60, 60], [60, 10]])], shape_type="polygon", name="outline")
    choose(widget, "channel_a", "channel_b")
    widget.regions.setCurrentText("outline")
    widget.run_button.click()
    assert widget.result["region"].to_list() == [1]
    assert 2400 < widget.result["n_pixels"][0] < 2700


def test_metrics_and_thresholds(widget: Any) -> None:
    choose(widget, "channel_a", "channel_b")
    for row in range(widget.metrics.count()):
        item = widget.metrics.item(row)
        item.setCheckState(
            QtCore.Qt.CheckState.Checked if item.text() in {"mcc", "overlap"} else QtCore.Qt.CheckState.Unchecked
        )
    widget.threshold.setCurrentText("otsu")
    widget.run_button.click()
    assert np.isnan(widget.result["pcc"][0])
    assert widget.result["threshold_a"][0] == pytest.approx(
        coloc.auto_threshold(coloc.make_sample_data()[0][0], "otsu")
    )
    assert "overlap_r" in widget.result.columns


def test_what_is_wrong_is_said(widget: Any, viewer: Any) -> None:
    choose(widget, "channel_a")
    widget.run_button.click()
    assert "at least two" in widget.message.text()
    assert widget.result is None
    viewer.add_image(np.zeros((5, 6)), name="small")
    choose(widget, "channel_a", "small")
    widget.run_button.click()
    assert "expected shape (256, 256)" in widget.message.text()
    assert not widget.save_button.isEnabled()


def test_layers_come_and_go(widget: Any, viewer: Any) -> None:
    choose(widget, "channel_a", "channel_b")
    viewer.add_image(np.zeros((256, 256)), name="third")
    assert widget.channels.count() == 3
    assert {item.text() for item in widget.channels.selectedItems()} == {"channel_a", "channel_b"}
    viewer.layers.remove("channel_b")
    assert {item.text() for item in widget.channels.selectedItems()} == {"channel_a"}


def test_table_is_saved(widget: Any, tmp_path: Path) -> None:
    choose(widget, "channel_a", "channel_b")
    widget.run_button.click()
    widget.save(str(tmp_path / "table.csv"))
    assert pl.read_csv(tmp_path / "table.csv")["pcc"][0] == pytest.approx(widget.result["pcc"][0])


def test_manifest() -> None:
    from npe2 import PluginManifest

    (entry,) = (point for point in entry_points(group="napari.manifest") if point.name == "lumentrace")
    manifest = PluginManifest.from_distribution("lumentrace")
    assert entry.value == "lumentrace:napari.yaml"
    manifest.validate_imports()
    assert [widget.display_name for widget in manifest.contributions.widgets] == ["Colocalization"]
    assert [sample.key for sample in manifest.contributions.sample_data] == [
        *("channels", "channels_3d", "cbs006rbm", "wheel", "film", "stain"),
    ]

"""A dock widget for napari: measure layers, show the rows, highlight a region."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy import QtCore, QtWidgets

from lumentrace.base.files import replacing
from lumentrace.storage.frames import write_csv_table

from .measure.measures import METHODS
from .regions.label_masks import labels_to_label_mask, shapes_to_label_mask
from .table import EXTENDED_METRICS, colocalization_table

NOTHING = "whole image"
CHOSEN = ("pcc", "srcc", "icq", "mcc")
HIGHLIGHT = "colocalization region"


class ColocalizationWidget(QtWidgets.QWidget):
    """Measure the colocalization of two or more image layers.

    Parameters
    ----------
    viewer : napari.Viewer
        Image layers are channels; a Labels or Shapes layer gives the regions.

    Attributes
    ----------
    result : polars.DataFrame or None
        The table that is shown.
    """

    def __init__(self, viewer: Any, parent: Any = None):
        super().__init__(parent)
        self.viewer = viewer
        self.result: Any = None
        self._labels: Any = None
        self.channels = QtWidgets.QListWidget()
        self.channels.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.MultiSelection)
        self.channels.setToolTip("Two or more image layers of the same shape")
        self.regions = QtWidgets.QComboBox()
        self.metrics = QtWidgets.QListWidget()
        self.threshold = QtWidgets.QComboBox()
        self.threshold.addItems([method for method in METHODS if method != "manual"])
        self.run_button = QtWidgets.QPushButton("Measure")
        self.save_button = QtWidgets.QPushButton("Save table ...")
        self.save_button.setEnabled(False)
        self.table = QtWidgets.QTableWidget()
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.message = QtWidgets.QLabel("Choose two or more channels.")
        self.message.setWordWrap(True)
        self.channels.setMaximumHeight(110)
        self.metrics.setMaximumHeight(190)
        self._fill_metrics()
        self._lay_out()
        self._connect()
        self.refresh()

    def _fill_metrics(self) -> None:
        for name in EXTENDED_METRICS:
            item = QtWidgets.QListWidgetItem(name)
            item.setFlags(item.flags() | QtCore.Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(QtCore.Qt.CheckState.Checked if name in CHOSEN else QtCore.Qt.CheckState.Unchecked)
            self.metrics.addItem(item)

    def _lay_out(self) -> None:
        form = QtWidgets.QFormLayout()
        form.addRow("Channels", self.channels)
        form.addRow("Regions", self.regions)
        form.addRow("Metrics", self.metrics)
        form.addRow("Thresholds", self.threshold)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.run_button)
        buttons.addWidget(self.save_button)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.message)
        layout.addWidget(self.table, 1)

    def _connect(self) -> None:
        self.run_button.clicked.connect(self.run)
        self.save_button.clicked.connect(self.ask_and_save)
        self.table.itemSelectionChanged.connect(self.highlight)
        self.viewer.layers.events.inserted.connect(lambda _: self.refresh())
        self.viewer.layers.events.removed.connect(lambda _: self.refresh())

    def refresh(self) -> None:
        """List the layers that there are now; a choice that is still possible is kept."""
        chosen, regions = self._chosen(self.channels), self.regions.currentText()
        kinds = {layer.name: type(layer).__name__ for layer in self.viewer.layers}
        self.channels.clear()
        self.channels.addItems([name for name, kind in kinds.items() if kind == "Image"])
        for row in range(self.channels.count()):
            self.channels.item(row).setSelected(self.channels.item(row).text() in chosen)
        self.regions.clear()
        self.regions.addItems(
            [NOTHING, *(name for name, kind in kinds.items() if kind in {"Labels", "Shapes"} and name != HIGHLIGHT)]
        )
        self.regions.setCurrentIndex(max(0, self.regions.findText(regions)))

    @staticmethod
    def _chosen(box: Any) -> list[str]:
        return [item.text() for item in box.selectedItems()]

    def run(self) -> None:
        """Measure the chosen layers and show the rows; what is wrong is said below the button."""
        names = [name for name in self._all(self.channels) if name in self._chosen(self.channels)]
        metrics = [
            item.text()
            for item in map(self.metrics.item, range(self.metrics.count()))
            if item.checkState() == QtCore.Qt.CheckState.Checked
        ]
        try:
            channels = {name: np.asarray(self.viewer.layers[name].data) for name in names}
            self._labels = self._label_mask(channels)
            method = self.threshold.currentText()
            self.result = colocalization_table(
                channels, label_mask=self._labels, metrics=metrics, threshold_method=method
            )
        except (ValueError, TypeError) as error:
            self.message.setText(str(error))
            return
        incomplete = int((self.result["status"] != "ok").sum())
        self.message.setText(f"{len(self.result)} rows, {incomplete} not measured in full (see the column reason).")
        self._show()

    @staticmethod
    def _all(box: Any) -> list[str]:
        return [box.item(row).text() for row in range(box.count())]

    def _label_mask(self, channels: dict[str, Any]) -> Any:
        name = self.regions.currentText()
        if name == NOTHING or not channels:
            return None
        layer = self.viewer.layers[name]
        shape = next(iter(channels.values())).shape
        to_mask = shapes_to_label_mask if type(layer).__name__ == "Shapes" else labels_to_label_mask
        return to_mask(layer, shape)

    def _show(self) -> None:
        self.save_button.setEnabled(True)
        self.table.blockSignals(True)
        self.table.setColumnCount(len(self.result.columns))
        self.table.setHorizontalHeaderLabels(self.result.columns)
        self.table.setRowCount(len(self.result))
        for row, values in enumerate(self.result.rows()):
            for column, value in enumerate(values):
                text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
                self.table.setItem(row, column, QtWidgets.QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        self.table.blockSignals(False)

    def highlight(self) -> None:
        """Show the region of the chosen row in a layer of its own."""
        row = self.table.currentRow()
        if row < 0 or self._labels is None:
            return
        region = (self._labels == self.result["region"][row]).astype(np.uint8)
        if HIGHLIGHT in self.viewer.layers:
            self.viewer.layers[HIGHLIGHT].data = region
            return
        self.viewer.add_labels(region, name=HIGHLIGHT, opacity=0.5)

    def ask_and_save(self) -> None:
        """Write the table as CSV to a file that the user names."""
        path, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save table", "colocalization.csv", "CSV (*.csv)")
        if path:
            self.save(path)

    def save(self, path: str) -> None:
        """Write the table as CSV."""
        with replacing(path) as file:
            write_csv_table(file, self.result)
        self.message.setText(f"wrote {path}")

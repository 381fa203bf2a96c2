"""One colocalization run per image: read, measure, write, report."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lumentrace import coloc
from lumentrace.base import provenance
from lumentrace.base.files import replacing
from lumentrace.cli import coloc_files
from lumentrace.cli.coloc_files import Channels
from lumentrace.cli.console import Bar, console, plural

SHOWN = ("pcc", "srcc", "icq", "m1", "m2")


@dataclass(frozen=True)
class Run:
    """How every image is measured."""

    channels: str | None
    channel_axis: int | None
    labels: Path | None
    pairs: str
    metrics: tuple[str, ...]
    threshold: str
    slices: bool
    nan_policy: str
    block: int
    randomizations: int
    seed: int

    def measure(self, path: Path, folder: Path) -> dict[str, Any]:
        """Measure one file and write everything into `folder`."""
        return self._measure(coloc_files.read(path, self.channel_axis), path, folder)

    def measure_together(self, paths: list[Path], folder: Path) -> dict[str, Any]:
        """Measure files of one channel each."""
        return self._measure(coloc_files.together(paths), paths[0], folder)

    def _measure(self, found: Channels, path: Path, folder: Path) -> dict[str, Any]:
        started, began = provenance.now(), time.perf_counter()
        image = coloc_files.chosen(found, self.channels)
        labels = coloc_files.labels_for(path, self.labels)
        pairs = coloc_files.pairs(self.pairs, list(image.pixels))
        first = next(iter(image.pixels.values()))
        with Bar(path.name, first.size * len(image.pixels), "pixels") as bar:
            table = coloc.colocalization_table(
                image.pixels,
                label_mask=labels,
                metrics=self.metrics,
                threshold_method=self.threshold,
                pairs=pairs,
                slice_axis=self._slice_axis(image, path),
                nan_policy=self.nan_policy,
                block=self.block,
                randomizations=self.randomizations,
                seed=self.seed,
                progress=bar,
            )
        seconds = time.perf_counter() - began
        record = provenance.Provenance(_identity(path, image), seed=self.seed)
        settings = {key: value if not isinstance(value, Path) else str(value) for key, value in asdict(self).items()}
        record = record.then("colocalization_table", settings, started, seconds)
        self._write(folder, image, labels, table, path, record)
        console.print(f"{path.name}: {plural(len(table), 'row')} in {seconds:.2f} s, see {folder}")
        medians = {name: _median(table, name) for name in SHOWN if _median(table, name) is not None}
        incomplete = int((table["status"] != "ok").sum())
        return {
            "file": path.name,
            "rows": len(table),
            "incomplete": incomplete,
            **medians,
            "seconds": round(seconds, 3),
        }

    def _slice_axis(self, image: Channels, path: Path) -> int | None:
        if not self.slices:
            return None
        if "Z" in image.axes:
            return image.axes.index("Z")
        if len(image.axes) == 3:
            return 0
        raise ValueError(f"--slices: expected an image with slices, found axes {image.axes} in {path}")

    def _write(
        self,
        folder: Path,
        image: Channels,
        labels: NDArray[Any] | None,
        table: pl.DataFrame,
        path: Path,
        record: provenance.Provenance,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / "colocalization.csv") as file:
            table.write_csv(file)
        with replacing(folder / "colocalization.parquet") as file:
            table.write_parquet(file)
        coloc.write_report(
            image.pixels,
            table,
            path=folder / "report.html",
            title=f"Colocalization: {path.name}",
            label_mask=labels,
            nulls=self._nulls(image, labels, table),
            provenance=record,
            notes=_notes(image, table),
        )
        with replacing(folder / "run.json") as file:
            file.write(json.dumps(record.to_dict(), indent=1).encode())

    def _nulls(self, image: Channels, labels: NDArray[Any] | None, table: pl.DataFrame) -> dict[tuple[str, str], Any]:
        """Shuffled correlations of whole images, for the report."""
        if labels is not None or self.slices or "randomization" not in self.metrics:
            return {}
        return {
            (one, two): coloc.costes_randomization(
                image.pixels[one], image.pixels[two], block=self.block, n=self.randomizations, seed=self.seed
            )
            for one, two in table.select("channel_a", "channel_b").rows()
        }


def _identity(path: Path, image: Channels) -> dict[str, Any]:
    hashes = {name: provenance.content(pixels) for name, pixels in image.pixels.items()}
    return {"path": str(path), "bytes": path.stat().st_size, "xxh3": hashes}


def _median(table: pl.DataFrame, column: str) -> float | None:
    known = table[column].fill_nan(None).drop_nulls()
    value = known.median()
    return float(value) if isinstance(value, (int, float)) else None


def _notes(image: Channels, table: pl.DataFrame) -> list[str]:
    notes = []
    never = int((table["costes"] == "never").sum())
    if never:
        notes.append(
            f"Costes' method found no threshold in {plural(never, 'row')}: the channels correlate at all levels. "
            "M1 and M2 there are those of all pixels above the minimum; another --threshold says more."
        )
    saturated = [
        name
        for name, pixels in image.pixels.items()
        if pixels.dtype.kind == "u" and (pixels == np.iinfo(pixels.dtype).max).mean() > 0.001
    ]
    if saturated:
        notes.append(
            f"More than 0.1 % of the pixels of {', '.join(saturated)} are saturated, which lowers correlations."
        )
    return notes

"""One tracking run per file: read, track, write, report."""

from __future__ import annotations

import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import storage
from lumentrace.base.files import replacing
from lumentrace.cli.console import Bar, console, plural
from lumentrace.cli.pept_files import DAMAGED, left_out, read
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.pept import write_report
from lumentrace.pept.recipes import BaseRecipe


@dataclass(frozen=True)
class Run:
    """How every file is tracked."""

    recipe: BaseRecipe
    scanner: str
    separation: float | None
    lenient: bool
    executor: str
    workers: int | None
    resume: bool

    def track(self, path: Path, folder: Path) -> dict[str, Any]:
        """Track one file and write everything into `folder`."""
        started = time.perf_counter()
        lines = read(path, self.scanner, self.separation, self.lenient)
        folder.mkdir(parents=True, exist_ok=True)
        read_seconds = time.perf_counter() - started
        with Bar(path.name, len(lines.lines), "lines") as bar:
            trajectories = self.recipe.fit(
                lines,
                executor=_executor(self.executor),
                max_workers=self.workers,
                verbose=bar,
                run_dir=folder / "run" if self.resume else None,
            )
        seconds = time.perf_counter() - started - read_seconds
        figures = {"file": path.name, **summary(lines, trajectories), "seconds": round(seconds, 3)}
        write(folder, trajectories, lines, figures, self.recipe)
        console.print(f"{path.name}: {plural(len(trajectories.points), 'location')} in {seconds:.2f} s, see {folder}")
        return {name: value for name, value in figures.items() if name != DAMAGED or value}


def _executor(name: str) -> Any:
    return {"native": None, "processes": ProcessPoolExecutor}.get(name, name)


def summary(lines: LineData, trajectories: PointData) -> dict[str, Any]:
    """The figures of a run that fit into a table row."""
    labels = trajectories["label"]
    found = [label for label in np.unique(labels) if label >= 0]
    errors = trajectories["error"] if "error" in trajectories.columns else np.empty(0)
    errors = errors[np.isfinite(errors)]
    return {
        "lines": len(lines.lines),
        DAMAGED: left_out(lines),
        "trajectories": len(found),
        "locations": len(trajectories.points),
        "in trajectories": int((labels >= 0).sum()),
        "median spread (mm)": float(np.median(errors)) if len(errors) else float("nan"),
    }


def write(
    folder: Path,
    trajectories: PointData,
    lines: LineData,
    figures: dict[str, Any],
    recipe: BaseRecipe,
    truth: list[PointData] | None = None,
) -> None:
    """All files of a run."""
    storage.to_parquet(folder / "trajectories.parquet", trajectories)
    storage.to_csv(folder / "trajectories.csv", trajectories)
    storage.to_vtp(folder / "trajectories.vtp", trajectories)
    title = f"PEPT: {figures['file']}"
    notes = [recipe.error_note]
    if figures[DAMAGED]:
        notes.append(f"{plural(figures[DAMAGED], 'damaged line')} of the file left out.")
    write_report(trajectories, lines, path=folder / "report.html", title=title, truth=truth, notes=notes)
    record = {
        "figures": figures,
        "recipe": recipe.name,
        "settings": asdict(recipe),
        "provenance": trajectories.provenance.to_dict(),
    }
    with replacing(folder / "run.json") as file:
        file.write(json.dumps(record, indent=1, allow_nan=True).encode())

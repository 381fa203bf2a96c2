"""One AFM run per film: read, process, analyse, write, report."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from lumentrace.afm import AFMImageStack, AnalysisPipeline, ProcessingPipeline, load, write_report
from lumentrace.afm.analysis.pipeline import AnalysisRecord
from lumentrace.afm.analysis.tracks import track_points
from lumentrace.afm.analysis.utils.common import export_analysis_to_json, export_to_hdf5, make_json_safe
from lumentrace.afm.analysis.utils.frames import features_to_dataframe
from lumentrace.afm.export import to_film, to_ome_tiff
from lumentrace.base.files import replacing
from lumentrace.cli.afm_recipe import Recipe
from lumentrace.cli.console import Bar, console, plural, warnings_told

OTHER = "--analyse 'feature_detection:mask_fn=mask_otsu; particle_tracking; track_statistics'"


@dataclass(frozen=True)
class Run:
    """How every film is worked on."""

    recipe: Recipe
    on_error: str
    strict: bool
    film: str | None
    images: bool
    resume: bool

    @warnings_told()
    def work(self, path: Path, folder: Path) -> dict[str, Any]:
        """Work on one film and write everything into `folder`."""
        began = time.perf_counter()
        options = {} if self.strict or path.suffix.lower() != ".asd" else {"strict": False}
        stack = load(path, self.recipe.channel, **options)
        analysis = AnalysisPipeline()
        for name, settings in self.recipe.analyse:
            analysis.add(name, **settings)
        analysis.validate()
        processing = ProcessingPipeline(stack)
        for name, settings in self.recipe.process:
            processing.add(name, **settings)
        folder.mkdir(parents=True, exist_ok=True)
        with Bar(path.name, stack.n_frames, "frames") as bar:
            processing.run(keep="none", on_error=self.on_error, verbose=bar)
            record = analysis.run(stack, verbose=bar, run_dir=folder / "run" if self.resume else None)
        seconds = time.perf_counter() - began
        self._write(folder, path, stack, record)
        figures = _figures(record)
        told = [f"{path.name}: {plural(stack.n_frames, 'frame')} in {seconds:.2f} s, see {folder}"]
        if figures.get("objects") == 0:
            told.append(f"{path.name}: no objects; another mask may find some, e.g. {OTHER}")
        console.print("\n".join(told), soft_wrap=True, markup=False)
        return {"file": path.name, "frames": stack.n_frames, **figures, "seconds": round(seconds, 3)}

    def _write(self, folder: Path, path: Path, stack: AFMImageStack, record: AnalysisRecord) -> None:
        for name, table in _tables(stack, record).items():
            with replacing(folder / f"{name}.csv") as file:
                table.write_csv(file)
            with replacing(folder / f"{name}.parquet") as file:
                table.write_parquet(file)
        export_to_hdf5(record, folder / "record.h5")
        export_analysis_to_json(folder / "record.json", make_json_safe(record))
        with replacing(folder / "run.json") as file:
            file.write(json.dumps(record.history.to_dict(), indent=1).encode())
        if self.images:
            to_ome_tiff(folder / "processed.ome.tif", stack)
        if self.film is not None:
            to_film(folder / f"film.{self.film}", stack)
        write_report(stack, record, path=folder / "report.html", title=f"AFM: {path.name}")


def _figures(record: AnalysisRecord) -> dict[str, Any]:
    """The figures of a run that fit into a table row."""
    found: dict[str, Any] = {}
    for name, outputs in record["provenance"]["results_by_name"].items():
        summary = outputs[-1].get("summary", {})
        if "features_per_frame" in outputs[-1]:
            found["objects" if name == "feature_detection" else "spots"] = sum(
                map(len, outputs[-1]["features_per_frame"])
            )
        if "n_tracks" in outputs[-1]:
            found["tracks"] = outputs[-1]["n_tracks"]
        if "n_clusters" in summary:
            found["clusters"] = summary["n_clusters"]
    return found


def _tables(stack: AFMImageStack, record: AnalysisRecord) -> dict[str, pl.DataFrame]:
    """Tables by the names of their files."""
    latest = {name: outputs[-1] for name, outputs in record["provenance"]["results_by_name"].items()}
    tables = {
        name: features_to_dataframe(found["features_per_frame"])
        for name, found in latest.items()
        if "features_per_frame" in found
    }
    if "particle_tracking" in latest:
        tables["tracks"] = track_points(latest["particle_tracking"]["tracks"], stack)
    if "track_statistics" in latest:
        tables["track_statistics"] = pl.DataFrame(latest["track_statistics"]["tracks"])
        tables["mean_squared_displacement"] = pl.DataFrame(latest["track_statistics"]["msd"])
    return tables

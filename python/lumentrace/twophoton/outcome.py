"""What a run of a recording gives: responses, and what was made on the way to them and of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lumentrace.base import html
from lumentrace.engine import outcome
from lumentrace.engine.verdict import Verdict
from lumentrace.storage.frames import write_rows
from lumentrace.twophoton.align.motion import Motion
from lumentrace.twophoton.exchange.cell_files import save_found_cells
from lumentrace.twophoton.exchange.dff_table import save_dff_table
from lumentrace.twophoton.exchange.handed_over import suite2p_of_run
from lumentrace.twophoton.exchange.kept import CELLS, KERNELS, MAPS, MOTION, RESULTS, SPIKES
from lumentrace.twophoton.exchange.kernel_files import save_stimulus_kernels, write_kernels_csv
from lumentrace.twophoton.exchange.map_files import save_response_map_data
from lumentrace.twophoton.exchange.motion_file import save_motion
from lumentrace.twophoton.exchange.nwb import export_nwb
from lumentrace.twophoton.exchange.outputs import save_analysis_outputs
from lumentrace.twophoton.exchange.response_csv import write_grouped_csv, write_regions_csv, write_trials_csv
from lumentrace.twophoton.exchange.spike_files import save_spikes
from lumentrace.twophoton.exchange.trial_tables import save_trials_table, trials_table
from lumentrace.twophoton.judgement import judge
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.report.page import write_report
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.maps import RecordingResponseMaps
from lumentrace.twophoton.respond.recording_spikes import spikes_table
from lumentrace.twophoton.respond.recording_tuning import RecordingTuning
from lumentrace.twophoton.respond.region_table import RegionResponse, region_table, regions_frame
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.settings import Settings

if TYPE_CHECKING:
    import polars as pl

TIMING = {"classified_photodiode": "flashes", "interpolated_epochs": "interpolated", "stimulus_table": "table"}


@dataclass(frozen=True, eq=False)
class Outcome(outcome.Outcome):
    """Responses of a recording.

    Attributes
    ----------
    responses : RecordingResponses
    maps : RecordingResponseMaps or None
    kernels : StimulusKernels or None
    motion : Motion or None
        That which was taken out of the movie.
    cells : FoundCells or None
        If regions are cells that were found.
    spikes : Spikes or None
        Events behind dF/F.
    tuning : RecordingTuning or None
    """

    technique: ClassVar[str] = "twophoton"

    settings: Settings
    responses: RecordingResponses = field(repr=False)
    maps: RecordingResponseMaps | None = field(repr=False)
    kernels: StimulusKernels | None = field(repr=False)
    motion: Motion | None = field(default=None, repr=False)
    cells: FoundCells | None = field(default=None, repr=False)
    spikes: Spikes | None = field(default=None, repr=False)
    tuning: RecordingTuning | None = field(default=None, repr=False)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the responses can be relied on."""
        named = bool(self.settings.baseline_epoch)
        return judge(self.responses, kernels=self.kernels, baseline_named=named)

    def figures(self) -> dict[str, Any]:
        """Regions, trials, how the timing was found, and the decay of bleaching."""
        return _figures(self.responses) | ({} if self.tuning is None else {"tuned": self.tuning.tuned_regions()})

    def regions(self) -> list[RegionResponse]:
        """The table of regions: the largest mean response of each, and why it has none."""
        return region_table(self.responses, self.responses.epoch_means())

    @property
    def units(self) -> dict[str, str]:
        """Units of the columns of the tables; dF/F has none."""
        return {"pixels": "px", "used_pixels": "px", "time_s": "s", "decay_s": "s", "rise_s": "s"}

    def tables(self) -> dict[str, pl.DataFrame]:
        """The regions; all trials, a row for each trial, region and frame; and what was made besides."""
        return {
            "regions": regions_frame(self.regions()),
            "trials": trials_table(self.responses),
            **self._further_tables(),
        }

    def _further_tables(self) -> dict[str, pl.DataFrame]:
        """Tables of parts that not every run has."""
        found: dict[str, pl.DataFrame] = {}
        if self.cells is not None:
            found["cells"] = self.cells.table()
        if self.responses.neuropil is not None:
            found["neuropil"] = self.responses.neuropil.table()
        if self.spikes is not None:
            found["spikes"] = spikes_table(self.responses.dff.labels, self.spikes)
        if self.tuning is not None:
            found |= {"tuning": self.tuning.table(), "tuning_curves": self.tuning.curves_table()}
        return found

    def first_rows(self) -> tuple[pl.DataFrame, int]:
        """The first regions, and how many there are."""
        regions = self.regions()
        return regions_frame(regions[: html.ROWS]), len(regions)

    def write(self, folder: Path) -> list[Path]:
        """Write results and tables."""
        tables, long = folder / "exports" / "csvs", folder / "exports" / "parquet"
        trials, grouped = tables / "response_summary_trials.csv", tables / "response_summary_grouped.csv"
        regions = tables / "regions.csv"
        save_analysis_outputs(folder / RESULTS, self.responses)
        write_trials_csv(trials, self.responses.grouped_responses)
        write_grouped_csv(grouped, self.responses.grouped_responses)
        write_regions_csv(regions, self.regions())
        files = [folder / RESULTS, trials, grouped, regions]
        files += [save_dff_table(long / "dff.parquet", self.responses)]
        files += [save_trials_table(long / "trials.parquet", self.responses)]
        for name, table in self._further_tables().items():
            files.append(write_rows(tables / f"{name}.csv", table.columns, table.fill_nan(None).rows()))
        if self.cells is not None:
            files.append(save_found_cells(folder / CELLS, self.cells))
        if self.spikes is not None:
            files.append(save_spikes(folder / SPIKES, self.spikes))
        if self.maps is not None:
            save_response_map_data(folder / MAPS, self.maps)
            files.append(folder / MAPS)
        if self.kernels is not None:
            save_stimulus_kernels(folder / KERNELS, self.kernels)
            write_kernels_csv(tables / "kernels.csv", self.kernels)
            files += [folder / KERNELS, tables / "kernels.csv"]
        if self.motion is not None:
            files.append(save_motion(folder / MOTION, self.motion))
        return files

    def save_suite2p(self, folder: str | PathLike[str]) -> Path:
        """Write regions, traces, neuropil and events as a folder that Suite2p opens.

        ``F.npy`` and ``Fneu.npy`` are without the background; frames that moved too far are bridged by straight lines.

        Parameters
        ----------
        folder : path
            As ``suite2p/plane0``.

        Returns
        -------
        path
            The folder.
        """
        return suite2p_of_run(folder, self.responses, cells=self.cells, spikes=self.spikes)

    def export_nwb(self, path: str | PathLike[str], *, session_start_time: datetime, **more: Any) -> Path:
        """Write regions, traces, neuropil, events and trials as NWB.

        Parameters
        ----------
        path : path
            Ends in ``.nwb``.
        session_start_time : datetime
            When the recording began, with a time zone.
        **more
            As of `lumentrace.twophoton.export_nwb`.

        Returns
        -------
        path
            The file.
        """
        return export_nwb(path, self.responses, session_start_time=session_start_time, spikes=self.spikes, **more)

    def report(self, path: str | PathLike[str]) -> Path:
        """Write the report."""
        return write_report(
            path,
            self.responses,
            maps=self.maps,
            kernels=self.kernels,
            motion=self.motion,
            cells=self.cells,
            spikes=self.spikes,
            tuning=self.tuning,
            notes=self.notices,
            provenance=self.provenance,
            verdict=self.verdict,
            settings=self.settings,
        )


def _figures(run: RecordingResponses) -> dict[str, Any]:
    """The figures of an analysis that fit into a table row."""
    known = np.isfinite(run.dff.values).any(axis=0)
    return {
        "regions": len(run.dff.labels),
        "without values": int((~known).sum()),
        "trials": len(run.grouped_responses.trials),
        "timing": None if run.timing is None else TIMING.get(run.timing.source, run.timing.source),
        "tau": "at its bound" if run.dff.metadata["tau_at_bound"] else float(run.dff.tau),
    }

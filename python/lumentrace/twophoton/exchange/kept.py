"""Results of the steps of a run as a run directory keeps them: the bytes of their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from lumentrace.engine.run import Keep
from lumentrace.twophoton.align.motion import Motion
from lumentrace.twophoton.exchange.cell_files import read_found_cells, write_found_cells
from lumentrace.twophoton.exchange.kernel_files import read_kernels, write_kernels
from lumentrace.twophoton.exchange.map_files import read_maps, write_maps
from lumentrace.twophoton.exchange.motion_file import read_motion, write_motion
from lumentrace.twophoton.exchange.outputs import write_responses
from lumentrace.twophoton.exchange.saved_run import read_parts, together
from lumentrace.twophoton.exchange.spike_files import read_spikes, write_spikes
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.maps import RecordingResponseMaps
from lumentrace.twophoton.respond.responses import RecordingResponses

RESULTS, MAPS, KERNELS, MOTION = "analysis_outputs.h5", "response_maps.h5", "kernels.h5", "motion.h5"
CELLS, SPIKES = "cells.h5", "spikes.h5"
TOLD = "lumentrace_notices"

T = TypeVar("T")


@dataclass(frozen=True)
class Told:
    """Responses, and the warnings that were given on the way."""

    responses: RecordingResponses
    notices: tuple[str, ...]


def keep_maps() -> Keep[RecordingResponseMaps]:
    """How response maps are kept."""
    return Keep(MAPS, lambda maps: _bytes(write_maps, maps), lambda content: _read(MAPS, read_maps, content))


def keep_kernels() -> Keep[StimulusKernels]:
    """How kernels are kept."""
    return Keep(
        KERNELS, lambda kernels: _bytes(write_kernels, kernels), lambda content: _read(KERNELS, read_kernels, content)
    )


def keep_motion() -> Keep[Motion]:
    """How the motion of the movie is kept."""
    return Keep(
        MOTION, lambda motion: _bytes(write_motion, motion), lambda content: _read(MOTION, read_motion, content)
    )


def keep_cells() -> Keep[FoundCells]:
    """How cells that were found are kept."""
    return Keep(
        CELLS,
        lambda cells: _bytes(write_found_cells, cells),
        lambda content: _read(CELLS, read_found_cells, content),
    )


def keep_spikes() -> Keep[Spikes]:
    """How events are kept."""
    return Keep(
        SPIKES, lambda spikes: _bytes(write_spikes, spikes), lambda content: _read(SPIKES, read_spikes, content)
    )


def keep_responses(recording: ConvertedRecording) -> Keep[Told]:
    """How responses of a recording are kept, with the warnings."""

    def encode(told: Told) -> bytes:
        import h5py

        file = BytesIO(_bytes(write_responses, told.responses))
        with h5py.File(file, "r+") as h5:
            h5.attrs[TOLD] = json.dumps(told.notices)
        return file.getvalue()

    def read(place: Path, h5: Any) -> Told:
        notices = tuple(json.loads(h5.attrs[TOLD]))
        return Told(together(place, read_parts(place, h5), recording), notices)

    return Keep(RESULTS, encode, lambda content: _read(RESULTS, read, content))


def _bytes(write: Callable[[BinaryIO, T], None], result: T) -> bytes:
    file = BytesIO()
    write(file, result)
    return file.getvalue()


def _read(name: str, read: Callable[[Path, Any], T], content: bytes) -> T:
    import h5py

    with h5py.File(BytesIO(content), "r") as h5:
        return read(Path(name), h5)

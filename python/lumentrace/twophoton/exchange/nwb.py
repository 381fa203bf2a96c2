"""Results as an NWB file, for archives as DANDI and for tools that read Neurodata Without Borders.

It lies here and not with the other file formats because what it writes (regions, dF/F, epochs) is what this technique
makes, and storage knows none of the techniques. Names and layout follow Rübel et al., The Neurodata Without Borders
ecosystem for neurophysiological data science, eLife 11:e78362 (2022).
"""

from __future__ import annotations

import math
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import __version__
from lumentrace.base.files import replacing
from lumentrace.storage.hdf5 import LAYOUT, written
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.twophoton.exchange.nwb_film import add_movie, add_shifts
from lumentrace.twophoton.exchange.nwb_signals import add_photodiode, add_trials, packed
from lumentrace.twophoton.exchange.nwb_traces import add_traces
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.respond.responses import RecordingResponses

Path_ = str | os.PathLike[str]

PLANE = "ImagingPlane"
UM_PER_CM = 1e4
DEVICE = ("configName", "software.version")
"""Metadata that tell about the microscope; the others are about the plane."""


@dataclass(frozen=True)
class NwbOptics:
    """What NWB asks for and recordings do not say.

    Attributes
    ----------
    indicator : str
        As GCaMP6f.
    location : str
        Part of the brain.
    excitation_nm, emission_nm : float
        Wavelengths; NaN if they are not known.
    pixel_size_um : float or None
        As `resolve_pixel_size_um` finds it.
    """

    indicator: str = "unknown"
    location: str = "unknown"
    excitation_nm: float = math.nan
    emission_nm: float = math.nan
    pixel_size_um: float | None = None


def export_nwb(
    path: Path_,
    run: RecordingResponses,
    *,
    session_start_time: datetime,
    session_description: str = "Two-photon calcium imaging of responses to a stimulus.",
    subject: Mapping[str, Any] | None = None,
    optics: NwbOptics | None = None,
    session: Mapping[str, Any] | None = None,
    movie: bool = False,
    spikes: Spikes | None = None,
) -> Path:
    """Write responses of a recording as an NWB file, which appears whole or not at all.

    The movie is copied if that is asked for, block by block. Times are in seconds from the start of frame 0 of the
    movie. Images and pixels of regions have x (columns) first and y (rows) second, as NWB asks.

    ===============================================  ==================================================================
    in the file                                      what it is
    ===============================================  ==================================================================
    ``processing/ophys/ImageSegmentation``           regions as lists of pixels, with ``roi_label``
    ``processing/ophys/Fluorescence``                ``raw`` and ``background_corrected`` fluorescence
                                                     and ``neuropil``, if that was taken away
    ``processing/ophys/DfOverF``                     ``dff``, processed as the run says
    ``processing/ophys/Deconvolved``                 ``deconvolved``: events, if they are given
    ``processing/ophys/SummaryImages``               ``mean``, the mean image
    ``intervals/trials``                             a row per epoch: number, name, trial, window, frames
    ``acquisition/photodiode``, ``photodiode_fast``  one sample per frame, and many, if the recording has them
    ``acquisition/TwoPhotonSeries``                  the movie, with `movie`; with the times of frames, where known
    ``processing/ophys/frame_shifts``                with `movie`: shifts in x and y, pixels, if frames were moved
    ===============================================  ==================================================================

    Parameters
    ----------
    path : path
        Ends in ``.nwb``.
    run : RecordingResponses
    session_start_time : datetime
        When the recording began, with a time zone.
    session_description : str
    subject : mapping, optional
        What is known of the animal: ``subject_id``, ``species`` ("Drosophila melanogaster"), ``sex`` ("F"), ``age``
        ("P3D"), ``genotype``, ... By default its number and genotype as the recording gives them.
    optics : NwbOptics, optional
    session : mapping, optional
        Other fields of the file: ``experimenter``, ``lab``, ``institution``, ``keywords``, ...
    movie : bool, default False
        Copy the movie, compressed; `convert_acquisition` reads it back.
    spikes : Spikes, optional
        Of `recording_spikes`.

    Raises
    ------
    ImportError
        If pynwb is not installed; it comes with ``pip install "lumentrace[nwb]"``.
    ValueError
        If the name, the time, the size of a pixel or the events do not fit.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lumentrace import twophoton
    >>> began = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)
    >>> twophoton.export_nwb("fly5.nwb", run, session_start_time=began)  # doctest: +SKIP
    """
    try:
        import pynwb
    except ImportError as error:
        raise ImportError('pynwb is not installed; get it with `pip install "lumentrace[nwb]"`') from error

    place = Path(path).expanduser()
    if place.suffix != ".nwb":
        raise ValueError(f"{place}: expected a name that ends in .nwb")
    if session_start_time.tzinfo is None:
        raise ValueError(f"`session_start_time`: expected a time zone, found {session_start_time.isoformat()}")
    if optics is not None and optics.pixel_size_um is not None and not optics.pixel_size_um > 0:
        raise ValueError(f"`pixel_size_um`: expected a positive number, found {optics.pixel_size_um!r}")
    if spikes is not None and spikes.spikes.shape != run.dff.values.shape:
        raise ValueError(f"`spikes`: expected shape {run.dff.values.shape}, found {spikes.spikes.shape}")
    source = run.recording.source_session_dir
    content = pynwb.NWBFile(
        session_description=session_description,
        identifier=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{source} {session_start_time.isoformat()}")),
        session_start_time=session_start_time,
        subject=pynwb.file.Subject(**_subject(run, subject)),
        source_script=f"lumentrace {__version__}",
        source_script_file_name="lumentrace.twophoton.export_nwb",
        **(session or {}),
    )
    _add_imaging(content, run, optics or NwbOptics(), spikes)
    add_trials(content, run)
    add_photodiode(content, run)
    if movie:
        rate = run.grouped_responses.data_rate_hz
        add_movie(content, run.recording, content.imaging_planes[PLANE], rate)
        add_shifts(content.processing["ophys"], run.recording, rate)
    place.parent.mkdir(parents=True, exist_ok=True)
    with _new_file(place, large=movie) as h5, pynwb.NWBHDF5IO(file=h5, mode="w") as writer:
        writer.write(content)
    return place


@contextmanager
def _new_file(place: Path, large: bool) -> Iterator[Any]:
    """A new file: made in memory and sealed with a checksum, or written as it grows."""
    import h5py

    if large:
        with replaced_through_sink(place) as file, h5py.File(file, "w", libver=LAYOUT) as h5:
            yield h5
    else:
        with replacing(place) as file, written(file) as h5:
            yield h5


def _subject(run: RecordingResponses, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is known of the animal; 'U' is what NWB calls an unknown sex."""
    about = run.recording.run_metadata
    known = {"subject_id": about.get("fly_id"), "genotype": about.get("genotype"), "sex": "U"}
    return {name: str(value) for name, value in known.items() if value is not None} | dict(given or {})


def _add_imaging(content: Any, run: RecordingResponses, optics: NwbOptics, spikes: Spikes | None) -> None:
    from pynwb.base import Images
    from pynwb.image import GrayscaleImage
    from pynwb.ophys import ImageSegmentation

    ophys = content.create_processing_module(name="ophys", description="Regions, their fluorescence and dF/F.")
    segmentation = ImageSegmentation()
    ophys.add(segmentation)
    regions = _add_regions(segmentation, _plane(content, run, optics), run)
    add_traces(ophys, run, regions, spikes)
    size = optics.pixel_size_um
    mean = GrayscaleImage(
        name="mean",
        data=packed(run.recording.mean_image.T),
        description="Mean over frames: x first, y second.",
        resolution=None if size is None else UM_PER_CM / size,
    )
    ophys.add(Images(name="SummaryImages", description="Of the whole movie.", images=[mean]))


def _plane(content: Any, run: RecordingResponses, optics: NwbOptics) -> Any:
    """The imaging plane, with the microscope and its channel."""
    from pynwb.ophys import OpticalChannel

    acquisition = run.recording.acquisition_metadata
    device = {name: value for name, value in acquisition.items() if name in DEVICE}
    size = optics.pixel_size_um
    return content.create_imaging_plane(
        name=PLANE,
        description=_listed("Plane of the movie", {key: acquisition[key] for key in acquisition if key not in DEVICE}),
        device=content.create_device(name="Microscope", description=_listed("Two-photon microscope", device)),
        optical_channel=OpticalChannel(
            name="OpticalChannel",
            description=f"Emission of {optics.indicator}.",
            emission_lambda=float(optics.emission_nm),
        ),
        excitation_lambda=float(optics.excitation_nm),
        indicator=optics.indicator,
        location=optics.location,
        imaging_rate=run.grouped_responses.data_rate_hz,
        grid_spacing=None if size is None else [float(size), float(size)],
        grid_spacing_unit="micrometers",
    )


def _listed(head: str, values: Mapping[str, Any]) -> str:
    return f"{head}: {', '.join(f'{name} = {value}' for name, value in values.items())}" if values else head


def _add_regions(segmentation: Any, plane: Any, run: RecordingResponses) -> Any:
    found = segmentation.create_plane_segmentation(
        name="PlaneSegmentation", description="Regions of interest: x first, y second.", imaging_plane=plane
    )
    found.add_column(name="roi_label", description="Name of the region.")
    for label, own in zip(run.roi_set.labels, run.roi_set.regions(), strict=True):
        rows, columns = np.divmod(own, run.roi_set.shape[1])
        pixels = [(column, row, 1.0) for row, column in zip(rows.tolist(), columns.tolist(), strict=True)]
        found.add_roi(pixel_mask=pixels, roi_label=label)
    return found

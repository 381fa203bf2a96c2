"""Readers of two-photon: recording folders, converted recordings, results, regions, tables, databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from scipy.io import savemat

import microscope_files
from faults.reader import Reader, folder_of, one, text
from found_cells import found_cells
from lumentrace import twophoton
from lumentrace.twophoton import config, parity
from lumentrace.twophoton import run as analysis
from lumentrace.twophoton.convert.description import describe
from lumentrace.twophoton.convert.filmed import is_stack, needs_rate, planes_of
from lumentrace.twophoton.convert.source import _alignment, read_source
from lumentrace.twophoton.convert.stimulus_table import stated_windows
from lumentrace.twophoton.read.find import find_recordings
from lumentrace.twophoton.regions.chosen import _labelled, chosen_regions
from twophoton_recording import CELLS, COLUMNS, ROWS, make_recording

CONFIG = "database_path: db\ndata_paths: [a, b]\nanalysis_output: out\nanalysis_cache_max_gb: 12\n"
CALIBRATION = "rig,mode,scanner,zoom,pixel_size_um,measured_on\nrig1,3,galvo,2.5,0.4,2024-02-03\n"
WINDOWS = "start_s,stop_s,epoch_number,epoch_name\n0,1,1,grey\n1,2.5,2,bars\n"
MATCHES = "fov_group_id,group_cell_id,recording_path,roi_label,status,note\n1,3,a/b,roi_0001,matched,\n"
VIEWS = "fov_group_id,recording_path,note\n1,a/b,x\n"


def source(folder: Path) -> None:
    make_recording(folder / "source")


def old_source(folder: Path) -> None:
    made = make_recording(folder / "source")
    (made.folder / "alignedMovie.mat").unlink()
    savemat(made.folder / "alignedMovie.mat", {"imgFrames_ch1": made.movie.transpose(1, 2, 0)}, do_compression=True)


def converted(folder: Path) -> None:
    """A recording, its movie, and all that is made from it."""
    made = make_recording(folder / "source")
    path = twophoton.convert_recording(made.folder, folder / "out").path
    labels = np.zeros((ROWS, COLUMNS), int)
    for label, place in CELLS.items():
        labels[place] = label
    rois = twophoton.make_roi_set_from_label_image(labels)
    twophoton.save_roi_set(rois, folder / "out" / "rois.h5")
    run = twophoton.analyze_recording_responses(path, rois)
    twophoton.save_trials_table(folder / "out" / "trials.csv", run)
    twophoton.save_trials_table(folder / "out" / "trials.parquet", run)
    maps = twophoton.compute_recording_response_maps(twophoton.load_converted_recording(path))
    twophoton.save_response_map_data(folder / "out" / "maps.h5", maps)


def kernels(folder: Path) -> None:
    lab = folder / "source"
    twophoton.simulate_recording(lab, stimulus="vision", cells=2, rows=40, columns=40, repeats=1, seed=2)
    path = twophoton.convert_recording(lab, folder / "out").path
    masks = np.zeros((1, *twophoton.load_converted_recording(path).movie.shape[1:]), bool)
    masks[0, 8:14, 8:14] = True
    run = twophoton.compute_recording_responses(path, twophoton.make_roi_set(masks))
    options = twophoton.StimulusKernelOptions(stimulus_modality="vision", num_stim_past=5, num_stim_future=2)
    found = twophoton.fit_recording_stimulus_kernels(run, options)
    twophoton.save_stimulus_kernels(folder / "out" / "kernels.h5", found)


def motion(path: Path) -> None:
    scene = twophoton.RawScene(frames=8, rows=32, columns=32, cells=2, photons=20.0)
    twophoton.save_motion(path, twophoton.estimate_motion(twophoton.simulate_raw(scene, seed=1).movie))


def spikes(path: Path) -> None:
    traces = np.random.default_rng(1).normal(0, 1, (40, 2))
    twophoton.save_spikes(path, twophoton.deconvolve(traces, rate_hz=30.0, tau=0.5))


def kept(folder: Path) -> None:
    """A run with its steps kept."""
    converted(folder)
    settings = analysis.Settings(rois=str(folder / "out" / "rois.h5"))
    analysis.run(folder / "out", settings).save(folder / "results")


def lab(folder: Path) -> None:
    twophoton.simulate_lab(folder, 1, cells=2, rows=24, columns=24, repeats=1)


def recordings(path: Path) -> Any:
    settings = path.parents[1] / "config.yml"
    here = f"database_path: {path.parent}\ndata_paths: [{path.parents[1]}]\n"
    settings.write_text(f"{here}analysis_output: source\ndatabase_access: direct\n")
    return [str(found.session_dir) for found in find_recordings(config_path=settings)]


def copied(path: Path) -> Any:
    recordings(path)
    settings, copies = path.parents[1] / "config.yml", path.parents[1] / "copies"
    return find_recordings(config_path=settings, database_access="copy", database_cache_dir=copies)


def last_roi(path: Path) -> None:
    """As MATLAB 7.3 has it: cells are references, and responses are (regions, frames)."""
    cells = {"epochStartTimes": [[1.0, 21.0], [11.0]], "epochDurations": [[10.0, 10.0], [10.0]]}
    with h5py.File(path, "w") as file:
        group = file.create_group(parity.LAST_ROI)
        group["roiMaskInitial"], group["epochList"] = np.array([[0.0, 1, 1], [4, 4, 0]]), np.ones((1, 30))
        for name, values in {**cells, "timeByRoisInitial": [np.ones((2, 30))]}.items():
            own = group.create_dataset(name, (1, len(values)), dtype=h5py.ref_dtype)
            for place, cell in enumerate(values):
                own[0, place] = file.create_dataset(f"refs/{name}{place}", data=np.atleast_2d(cell)).ref


def suite2p(place: Path) -> None:
    folder = place / "plane0"
    folder.mkdir()
    stat = np.empty(1, object)
    stat[:] = [{"ypix": np.arange(4), "xpix": np.arange(4)}]
    np.save(folder / "stat.npy", stat)
    np.save(folder / "iscell.npy", np.array([[1.0, 0.9]]))
    np.save(folder / "ops.npy", np.array({"Ly": 8, "Lx": 9}, dtype=object))


def labels(path: Path) -> None:
    image = np.zeros((12, 17), np.uint16)
    image[2:5, 3:6], image[8:10, 9:12] = 1, 2
    tifffile.imwrite(path, image, compression="zlib", metadata={"axes": "YX"})


def filmed(folder: Path) -> None:
    (folder / "table.csv").write_text(WINDOWS)
    tifffile.imwrite(folder / "film.tif", np.ones((30, 8, 8), np.uint16), photometric="minisblack")


def film(path: Path) -> Any:
    made = twophoton.convert_tiff_recording(
        path.parent / "film.tif", path.parent / "table.csv", path.parent / "out", frame_rate_hz=10.0
    )
    return twophoton.load_converted_recording(made.path)


def chosen_film(path: Path) -> Any:
    """As the commands choose what reads a film."""
    return is_stack(path), needs_rate(path), planes_of(path), describe(path)


def microscope(make: Any, planes: int = 2) -> Any:
    """Makes a recording of a microscope."""
    return lambda folder: make(folder / "scan", microscope_files.frames_of(4, planes))


def scanimage_file(folder: Path) -> None:
    microscope_files.scanimage_volumes(folder / "scan.tif", microscope_files.frames_of(3, 2))


def scanbox_file(folder: Path) -> None:
    microscope_files.scanbox(folder / "scan.sbx", microscope_files.frames_of(3, 2))


def all_frames(path: Path) -> Any:
    with twophoton.open_acquisition(path) as found:
        return found.about, found.times, found.movie(0, 0).read(0, found.frames)


def nwb(folder: Path) -> None:
    """As other programs write movies and regions, without what NWB asks for beside them."""
    with h5py.File(folder / "a.nwb", "w", libver=("v110", "v110")) as file:
        movie = file.create_group("acquisition/movie")
        movie.attrs["neurodata_type"] = "TwoPhotonSeries"
        movie.create_dataset("data", data=np.arange(240, dtype="u2").reshape(4, 6, 10), chunks=(1, 6, 10))
        movie.create_dataset("starting_time", data=0.0).attrs["rate"] = 10.0
        cells = file.create_group("processing/ophys/cells")
        cells.attrs["neurodata_type"] = "PlaneSegmentation"
        masks = np.zeros((2, 6, 10), "f4")
        masks[0, 1:3, 2:4], masks[1, 4, 5:9] = 1, 0.5
        cells["image_mask"], cells["id"] = masks, [1, 2]
        trials = file.create_group("intervals/trials")
        trials.attrs["neurodata_type"] = "TimeIntervals"
        trials["start_time"], trials["stop_time"], trials["epoch_number"] = [0.0, 0.2], [0.2, 0.4], [1, 2]
        trials["epoch_name"] = ["grey", "odour"]


def frames(path: Path) -> Any:
    return twophoton.load_converted_recording(path.parent).movie.read_frames(0, 5)


def conversion(path: Path) -> Any:
    return twophoton.convert_recording(path.parents[0], path.parents[1] / "again").path


def regions(path: Path) -> Any:
    return chosen_regions(str(path), twophoton.load_converted_recording(path.parent))


IN_SOURCE = {
    "recording: photodiode": "highResPd.mat",
    "recording: imaging photodiode": "imagingResPd.mat",
    "recording: acquisition": "imageDescription.mat",
    "recording: shifts": "run_001_ch1_alignment.txt",
    "recording: stimulus": "stimulusData/stimdata.mat",
    "recording: epochs": "stimulusData/stimParams.mat",
    "recording: run": "stimulusData/runDetails.mat",
    "recording: code": "stimulusData/filebackup.zip",
}
SOURCE = ("source",)
KINDS = (ValueError, OSError)
OUTPUTS = "out/analysis_outputs.h5"
BESIDE = ("recording_data.h5", "aligned_movie.h5", "out")
READERS: dict[str, Reader] = {
    **{
        name: Reader(
            f"source/{file}", source, folder_of(read_source, 1 + file.count("/")), told=SOURCE, kinds=(*KINDS, KeyError)
        )
        for name, file in IN_SOURCE.items()
    },
    "recording: movie": Reader("source/alignedMovie.mat", source, conversion),
    "converted recording": Reader("out/recording_data.h5", converted, twophoton.load_converted_recording, told=BESIDE),
    "converted movie": Reader("out/aligned_movie.h5", converted, frames, told=BESIDE),
    "recording: movie of MATLAB 5": Reader("source/alignedMovie.mat", old_source, conversion),
    "regions": Reader("out/rois.h5", converted, twophoton.load_roi_set),
    "chosen regions": Reader("out/rois.h5", converted, regions),
    "results": Reader(OUTPUTS, converted, twophoton.load_analysis_outputs),
    "responses": Reader(OUTPUTS, converted, twophoton.load_recording_responses),
    "response maps": Reader("out/maps.h5", converted, twophoton.load_response_map_data),
    "motion": one("motion.h5", motion, twophoton.load_motion),
    "kernels": Reader("out/kernels.h5", kernels, twophoton.load_stimulus_kernels),
    "cells": one("cells.h5", lambda path: twophoton.save_found_cells(path, found_cells()), twophoton.load_found_cells),
    "spikes": one("spikes.h5", spikes, twophoton.load_spikes),
    "trials in CSV": Reader("out/trials.csv", converted, twophoton.load_trials_table),
    "trials in Parquet": Reader("out/trials.parquet", converted, twophoton.load_trials_table),
    "record of a two-photon run": Reader(
        "results/run.json", kept, folder_of(analysis.report_again), told=("results", "out"), slow=True
    ),
    "two-photon settings": one("config.yml", text(CONFIG), config.load_config),
    "pixel sizes": one("sizes.csv", text(CALIBRATION), twophoton.load_pixel_calibrations),
    "matches": one("matches.csv", text(MATCHES), twophoton.load_manual_roi_match_rows),
    "fields of view": one("views.csv", text(VIEWS), twophoton.load_manual_fov_group_rows),
    "stimulus table": one("table.csv", text(WINDOWS), lambda path: stated_windows(path, 10.0, 100)),
    "alignment": one("a_alignment.txt", text("1 2\n3 4.5\n5 6\n"), _alignment),
    "film of frames": Reader("film.tif", filmed, film),
    "ScanImage": Reader("scan.tif", scanimage_file, all_frames),
    "Bruker: XML": Reader(
        "scan/T-001.xml", microscope(microscope_files.bruker, 1), folder_of(all_frames), told=("scan",)
    ),
    "Bruker: image": Reader(
        "scan/T-001_Cycle00001_Ch1_000001.ome.tif", microscope(microscope_files.bruker, 1), folder_of(all_frames)
    ),
    "Scanbox: pixels": Reader("scan.sbx", scanbox_file, all_frames),
    "Scanbox: struct": Reader(
        "scan.mat", scanbox_file, lambda path: all_frames(path.with_suffix(".sbx")), told=("scan.sbx",)
    ),
    "Thor: XML": Reader("scan/Experiment.xml", microscope(microscope_files.thor), all_frames, told=("scan",)),
    "Thor: pixels": Reader("scan/Image_001_001.raw", microscope(microscope_files.thor), folder_of(all_frames)),
    "NWB: movie": Reader("a.nwb", nwb, all_frames),
    "NWB: regions": Reader("a.nwb", nwb, lambda path: twophoton.load_nwb_rois(path).pixels),
    "NWB: epochs": Reader("a.nwb", nwb, lambda path: twophoton.load_nwb_epochs(path).rows()),
    "film of planes": one(
        "film.ome.tif",
        lambda path: tifffile.imwrite(path, np.ones((4, 2, 8, 8), "u2"), metadata={"axes": "TZYX"}),
        all_frames,
    ),
    "film in TIFF of one or many planes": Reader("film.tif", filmed, chosen_film),
    "label image in TIFF": one("labels.tif", labels, twophoton.load_roi_labels),
    "saved analysis": one("saved.mat", last_roi, parity.load_saved_analysis_last_roi),
    "copied database": Reader("database/experimentLog.db", lab, copied, refuses=False),
    "label image": one("labels.npy", lambda path: np.save(path, np.eye(6)), _labelled),
    "database": Reader("database/experimentLog.db", lab, recordings, refuses=False),
    "Suite2p: cells": Reader("plane0/iscell.npy", suite2p, folder_of(twophoton.load_suite2p_rois), told=("plane0",)),
    "Suite2p: regions": Reader("plane0/stat.npy", suite2p, folder_of(twophoton.load_suite2p_rois), told=("plane0",)),
    "Suite2p: settings": Reader("plane0/ops.npy", suite2p, folder_of(twophoton.load_suite2p_rois), told=("plane0",)),
}

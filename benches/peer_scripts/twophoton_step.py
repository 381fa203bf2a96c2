"""One step of a two-photon analysis; the same lines for both sides, but for the import.

python twophoton_step.py ours|peer STEP RECORDING CONVERTED TRUTH
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

side, step, source, out, truth = sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:6])
if side == "ours":
    from lumentrace import twophoton as tp
else:
    import twopy as tp

RESULTS = out / "analysis_outputs.h5"


def memory(name: str) -> float:
    """A figure of /proc/self/status in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def kernel_options() -> object:
    return tp.StimulusKernelOptions(hemisphere="left", num_stim_past=100, num_stim_future=10)


def job():
    """The work that is timed; what it needs is at hand when it starts."""
    if step == "convert":
        return lambda: tp.convert_recording_to_twopy(source, out)
    recording = tp.load_converted_recording(out / "recording_data.h5")
    rois = tp.make_roi_set_from_label_image(np.load(truth)["label_image"].astype(np.int64))
    if step == "raw traces":
        return lambda: tp.extract_roi_traces(recording, rois)
    if step.endswith("percentile"):
        return lambda: tp.extract_background_corrected_roi_traces(recording, rois, method=step)
    if step == "watershed":
        return lambda: tp.watershed_roi_set(recording.mean_image, min_pixels=5)
    if step == "analyze and save":
        return lambda: tp.analyze_recording_responses(recording.path, rois, output_path=RESULTS)
    if step == "kernels":
        run = tp.compute_recording_responses(recording, rois)
        options = kernel_options()
        return lambda: tp.fit_recording_stimulus_kernels(run, options)
    if step == "response watershed":
        windows = tp.resolve_recording_timing(recording).epoch_windows
        return lambda: tp.extract_response_watershed_rois(recording, windows, epoch_numbers=(2, 3), min_pixels=20)
    mode = step.removeprefix("maps, ")
    options = tp.ResponseMapOptions(mode=mode, window_size_pixels=4, window_stride_pixels=2)
    return lambda: tp.compute_recording_response_maps(recording, options=options)


work = job()
if step != "convert":
    # Names are found at first use; importing their modules is no part of the work.
    for name in ("analyze_recording_responses", "compute_recording_response_maps", "fit_recording_stimulus_kernels"):
        getattr(tp, name)
Path("/proc/self/clear_refs").write_text("5")
start = time.perf_counter()
work()
print(json.dumps({"seconds": time.perf_counter() - start, "peak_mb": memory("VmHWM")}))

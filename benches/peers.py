"""Times lumentrace beside the installed alternatives, on the same work in the same run.

    python benches/peers.py pept [--shared ../shared] [--repeat 3]
    python benches/peers.py twophoton [--size L] [--python313 python3.13]

Each peer lives in a virtual environment of its own below .peers (made on first use, from the package index) and is run
as a child process; inputs travel as .npy files. Prints seconds (best of the repeats), ratios and the bar that was set.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
PEERS = {
    "pept": ["pept==0.5.1", "numpy==1.26.4", "hdbscan==0.8.40", "joblib==1.1.1", "scikit-learn==1.3.2"],
    "pept041": ["pept==0.4.1", "numpy==1.26.4"],
    "coloc015": ["napari-colocalization==0.1.5", "napari", "pyside6-essentials"],
    "coloc040": ["napari-colocalization==0.4.0", "napari", "pyside6-essentials"],
    "cpmeasure": ["cp_measure==0.3.0"],
    "coloc_library": [],
    "playnano": ["playnano==0.5.0"],
    "afm_library": ["trackpy==0.7", "scikit-image", "pandas"],
    "twopy": ["twopy==0.4.0"],
}
"""Environments of the peers (none: our own); the older pept is the last one with circles and occupancy."""
TECHNIQUES = {
    "pept": ["pept", "pept041"],
    "coloc": ["coloc015", "coloc040", "cpmeasure", "coloc_library"],
    "afm": ["playnano", "afm_library"],
}
OWN_BENCH = {"twophoton": "twophoton.py"}
"""Techniques whose steps need processes and recordings of their own."""
BARS = {
    "costes:0.1.5": 200.0,
    "costes:0.4.0": 30.0,
    "cells_four_metrics:0.1.5": 50.0,
    "cells_four_metrics:0.4.0": 10.0,
    "spearman:scipy": 8.0,
    "spearman_f32:scipy": 8.0,
    "shuffles_1000:numpy": 10.0,
    "feature_detection:playnano": 8.0,
    "feature_detection:regionprops": 3.0,
    "log_blob_detection_50:blob_log": 6.0,
    "particle_tracking:trackpy": 5.0,
    "tracking_optimal:trackpy": 5.0,
    "polynomial_flatten_100:playnano": 30.0,
    "pipeline:playnano": 10.0,
    "recipe": 20.0,
    "lines": 100.0,
    "birmingham": 8.0,
    "adac_read": 10.0,
    "find_cutpoints_2000": 8.0,
    "segregate_100k": 10.0,
    "voxelize_fpi": 8.0,
    "traverse3d_100": 4.0,
    "minpoints_3_of_200": 10.0,
    "velocity": 50.0,
    "geometric_efficiency": 100.0,
    "occupancy2d_500": 10.0,
}


INSTEAD = {"lines": "recipe"}
"""Work of ours that takes the place of another: it is set beside the peer's time for that one too."""


def peer_python(name: str, root: Path, base: str | None = None) -> Path:
    """The interpreter of the peer's environment, made if missing; by another Python if `base` names one."""
    if not PEERS[name]:
        return Path(sys.executable)
    folder = root / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    made = folder / "made"
    if not made.exists():
        print(f"making {folder} ...", flush=True)
        subprocess.run([base or sys.executable, "-m", "venv", "--clear", folder], check=True)
        run = [python, "-m", "pip", "install", "--quiet"]
        subprocess.run([*run, "setuptools<80", "wheel", "cython<3.1", *PEERS[name][1:]], check=True)
        subprocess.run([*run, *PEERS[name]], check=True)
        made.touch()
    return python


def module_of(path: Path) -> ModuleType:
    """The module that a file of the shared folder holds."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timings(python: Path, script: str, folder: Path, repeat: int) -> dict[str, float]:
    """What a child process measured: name -> seconds."""
    command = [python, "-W", "ignore", HERE / "peer_scripts" / script, folder, str(repeat)]
    result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(result.stdout.splitlines()[-1])


def table(ours: dict[str, float], theirs: dict[str, float]) -> None:
    print(f"{'work':34} {'ours s':>10} {'peer s':>10} {'ratio':>8} {'bar':>6}")
    for name, seconds in [*theirs.items(), *instead(theirs)]:
        work = name.split(":")[0]
        ratio = seconds / ours[work]
        print(f"{name:34} {ours[work]:10.4f} {seconds:10.4f} {ratio:7.1f}x {BARS.get(name, BARS.get(work, 1.0)):5.0f}x")


def instead(theirs: dict[str, float]) -> list[tuple[str, float]]:
    """The peers' times under the names of the work that takes their place."""
    pairs = [(own, name) for own, work in INSTEAD.items() for name in theirs if name.split(":")[0] == work]
    return [(name.replace(INSTEAD[own], own, 1), theirs[name]) for own, name in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("technique", nargs="?", default="pept", choices=sorted([*TECHNIQUES, *OWN_BENCH]))
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with data/")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers", help="folder of the peers' environments")
    parser.add_argument("--repeat", type=int, default=3)
    options, more = parser.parse_known_args()
    if options.technique in OWN_BENCH:
        given = ["--shared", options.shared, "--peers", options.peers, "--repeat", str(options.repeat), *more]
        sys.exit(subprocess.run([sys.executable, HERE / OWN_BENCH[options.technique], *given], check=False).returncode)
    if more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare = [sys.executable, HERE / "peer_scripts" / f"{options.technique}_inputs.py", folder, options.shared]
        subprocess.run(prepare, check=True)
        ours = timings(Path(sys.executable), f"{options.technique}_ours.py", folder, options.repeat)
        theirs = {}
        for name in TECHNIQUES[options.technique]:
            try:
                peer = peer_python(name, options.peers)
            except subprocess.CalledProcessError as error:
                print(f"{name} could not be installed, its work is left out: {error}")
                continue
            theirs |= timings(peer, f"{name}_peer.py", folder, options.repeat)
    table(ours, theirs)


if __name__ == "__main__":
    main()

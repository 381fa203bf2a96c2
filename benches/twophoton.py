"""Two-photon imaging beside the peer: seconds and memory of each step, each in a process of its own.

    python benches/twophoton.py [--size L] [--shared ../shared] [--peers .peers] [--folder FOLDER] [--no-peer]

Makes recordings with the generator of the shared folder: S is 256 x 256 x 2000 frames, L 512 x 512 x 5000, both with
100 cells and a moving stimulus; a third one with a random stimulus is for kernels. Both sides convert the same folder
and then work on their own converted files, with the same lines of code. Loading the recording and imports are not
timed. Prints seconds (the best of the repeats on our side, one run of the peer), the most memory that a process held,
and ratios. The peer needs Python 3.13, which must be on the path as `python3.13` or named by --python313.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from peers import HERE, peer_python

SIZES = {
    "tiny": "--seed 11 --height 64 --width 64 --frames 0 --cells 9 --cell-radius 4 --repeats 2",
    "S": "--seed 11 --height 256 --width 256 --frames 2000 --cells 100 --cell-radius 6 --repeats 6 --gzip 4",
    "L": "--seed 12 --height 512 --width 512 --frames 5000 --cells 100 --cell-radius 9 --repeats 15 --gzip 1 "
    "--bleach-frames 12000",
}
NOISE = (
    "--seed 13 --stimulus noise --height 128 --width 128 --cells 100 --cell-radius 4 --repeats 21 --epoch-seconds 16 "
    "--gzip 1"
)
STEPS = (
    "convert",
    "raw traces",
    "movie_global_percentile",
    "movie_y_stripe_percentile",
    "roi_y_stripe_percentile",
    "watershed",
    "response watershed",
    "maps, pixel",
    "maps, window",
    "analyze and save",
    "kernels",
)
BARS = {
    **dict.fromkeys(("raw traces", "analyze and save", *(step for step in STEPS if "percentile" in step)), 5.0),
    "watershed": 20.0,
}


@dataclass(frozen=True)
class Cost:
    """What a step took."""

    seconds: float
    peak_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="L", choices=sorted(SIZES))
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared")
    parser.add_argument("--peers", type=Path, default=HERE.parent / ".peers")
    parser.add_argument(
        "--python313", default="python3.13", help="the interpreter that the peer's environment is made with"
    )
    parser.add_argument("--folder", type=Path, help="keep recordings here and use those that are there")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--no-peer", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        compare(options, options.folder or Path(temporary))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """Run all steps on both sides and print a table."""
    recordings = [made(options.shared, folder / name, text) for name, text in named(options.size)]
    sides = {"ours": (Path(sys.executable), options.repeat)}
    if not options.no_peer:
        sides["peer"] = peer_python("twopy", options.peers, options.python313), 1
    print(f"{'step':28} {'ours s':>8} {'MB':>6} {'peer s':>8} {'MB':>7} {'ratio':>8} {'bar':>6}", flush=True)
    for step in STEPS:
        source = recordings[1] if step == "kernels" else recordings[0]
        if step == "kernels":
            for side, (python, _) in sides.items():
                cost(python, side, "convert", source, folder)
        costs = {}
        for side, (python, repeat) in sides.items():
            runs = [cost(python, side, step, source, folder) for _ in range(repeat if step != "convert" else 1)]
            costs[side] = Cost(min(run.seconds for run in runs), max(run.peak_mb for run in runs))
        print(line(step, costs), flush=True)


def named(size: str) -> list[tuple[str, str]]:
    return [(size, SIZES[size]), ("noise", NOISE)]


def line(step: str, costs: dict[str, Cost]) -> str:
    ours, peer = costs["ours"], costs.get("peer")
    text = f"{step:28} {ours.seconds:8.3f} {ours.peak_mb:6.0f}"
    if peer is None:
        return text
    bar = f"{BARS[step]:5.0f}x" if step in BARS else ""
    return f"{text} {peer.seconds:8.3f} {peer.peak_mb:7.0f} {peer.seconds / ours.seconds:7.1f}x {bar:>6}"


def made(shared: Path, folder: Path, text: str) -> Path:
    """The recording folder that the generator of the shared folder writes."""
    if not folder.exists():
        print(f"making {folder.name} ...", flush=True)
        script = shared / "tools" / "make_twophoton_data.py"
        subprocess.run([sys.executable, script, "--out", folder, *text.split()], check=True, stdout=subprocess.DEVNULL)
    return next(folder.rglob("alignedMovie.mat")).parent


def cost(python: Path, side: str, step: str, source: Path, folder: Path) -> Cost:
    """Run one step in a process of its own."""
    truth = next(path for path in (source, *source.parents) if (path / "truth.npz").exists()) / "truth.npz"
    out = folder / f"{side}-{source.name}"
    command = [python, "-W", "ignore", HERE / "peer_scripts" / "twophoton_step.py", side, step, source, out, truth]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return Cost(found["seconds"], found["peak_mb"])


if __name__ == "__main__":
    main()

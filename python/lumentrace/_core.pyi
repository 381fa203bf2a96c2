"""Kernels of the Rust core. Private: use the functions and classes that call them."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "AdacCalibration",
    "AdacDecoder",
    "AsdHeader",
    "BinnedMovie",
    "LineStream",
    "ModularDecoder",
    "MotionTemplate",
    "MovieFrames",
    "MovieProjections",
    "PixelNoise",
    "SpotFinder",
    "StreamedPair",
    "__version__",
    "adaptive_windows",
    "align_images",
    "apply_motion",
    "arrow_schema",
    "arrow_stream",
    "birmingham",
    "bootstrap_events",
    "cluster_lines",
    "content_hash",
    "dbscan_labels",
    "deconvolve_traces",
    "filter_frames",
    "find_blobs",
    "find_cutpoints",
    "find_features",
    "find_peaks",
    "flood_labels",
    "get_cutoffs",
    "group_labels",
    "hand_frames",
    "hdbscan_labels",
    "k_means",
    "kendall_tau",
    "link_points",
    "lsq_point",
    "matlab_variables",
    "measure_channels",
    "overlap_coefficients",
    "photon_directions",
    "photons_turned",
    "reduce_image",
    "row_dicts",
    "run_plan",
    "screen_hits",
    "segregate",
    "shuffle_blocks",
    "spread_bodies",
    "tally_ratios",
    "tile_shifts",
    "time_windows",
    "trace_statistics",
    "tracer_injection",
    "tracer_labels",
    "track_lines",
    "traverse",
    "warp_rows",
]

__version__: str

# ---------------------------------------------------------------- plans
def run_plan(
    rows: NDArray[np.float64],
    ranges: NDArray[np.int64],
    owners: NDArray[np.int64] | None,
    steps: Sequence[tuple[str, dict[str, Any]]],
    threads: int = 0,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]: ...

# ---------------------------------------------------------------- samples
def adaptive_windows(
    times: NDArray[np.float64], window: float, overlap: float, max_elements: int
) -> NDArray[np.int64]: ...
def time_windows(times: NDArray[np.float64], window: float, overlap: float) -> NDArray[np.int64]: ...
def content_hash(bytes: NDArray[np.uint8]) -> str: ...
def arrow_schema(columns: Sequence[tuple[str, str, bool]]) -> Any: ...
def arrow_stream(table: NDArray[np.float64], columns: Sequence[tuple[str, str, bool]]) -> Any: ...

# ---------------------------------------------------------------- lines
def find_cutpoints(
    lines: NDArray[np.float64],
    max_distance: float,
    cutoffs: NDArray[np.float64] | None = None,
    append_indices: bool = False,
) -> NDArray[np.float64]: ...
def get_cutoffs(lines: NDArray[np.float64]) -> NDArray[np.float64] | None: ...
def birmingham(lines: NDArray[np.float64], fopt: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]: ...
def cluster_lines(
    points: NDArray[np.float64], lines: NDArray[np.float64], indices: Sequence[int], label: int, reject: float
) -> NDArray[np.float64]: ...
def lsq_point(lines: NDArray[np.float64]) -> NDArray[np.float64] | None: ...
def track_lines(
    lines: NDArray[np.float64],
    tracers: int | None = None,
    every: float | None = None,
    at: Sequence[float] | None = None,
    threads: int = 0,
) -> tuple[NDArray[np.float64], dict[str, Any]]: ...

@final
class LineStream:
    def __new__(
        cls, tracers: int | None = None, every: float | None = None, lag: float | None = None
    ) -> LineStream: ...
    def feed(
        self, lines: NDArray[np.float64], threads: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]: ...
    def finish(self, threads: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, Any]]: ...

# ---------------------------------------------------------------- photons
def photon_directions(
    cosines: NDArray[np.float64], azimuths: NDArray[np.float64], signs: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def photons_turned(
    directions: NDArray[np.float64], angles: NDArray[np.float64], azimuths: NDArray[np.float64]
) -> NDArray[np.float64]: ...
def screen_hits(
    origins: NDArray[np.float64],
    directions: NDArray[np.float64],
    x: tuple[float, float],
    y: tuple[float, float],
    z: tuple[float, float],
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]: ...

# ---------------------------------------------------------------- grids
def traverse(
    counts: NDArray[np.float64],
    lines: NDArray[np.float64],
    lower: Sequence[float],
    upper: Sequence[float],
    threads: int = 0,
) -> None: ...
def find_peaks(
    values: NDArray[np.float64],
    lower: Sequence[float],
    upper: Sequence[float],
    lines: NDArray[np.float64] | None,
    w: int,
    r: float,
    lld_counts: float,
) -> NDArray[np.float64]: ...
def spread_bodies(
    grids: NDArray[np.float64],
    bodies: NDArray[np.float64],
    amounts: NDArray[np.float64],
    lower: Sequence[float],
    upper: Sequence[float],
    threads: int = 0,
) -> None: ...

# ---------------------------------------------------------------- clusters
def hdbscan_labels(points: NDArray[np.float64], min_cluster_size: int, min_samples: int) -> NDArray[np.int32]: ...
def tracer_labels(
    points: NDArray[np.float64], true_fraction: float, max_tracers: int, injection: float = 1.5
) -> NDArray[np.int32]: ...
def tracer_injection(
    points: NDArray[np.float64], true_fraction: float, max_tracers: int, injection: float = 1.5
) -> tuple[NDArray[np.float64], int]: ...
def segregate(
    points: NDArray[np.float64],
    window: int,
    cut_distance: float,
    min_trajectory_size: int,
    max_time_interval: float = ...,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]: ...

# ---------------------------------------------------------------- channels
def measure_channels(
    a: NDArray[Any],
    b: NDArray[Any],
    base: Sequence[float],
    starts: Sequence[int],
    metrics: int,
    search: str,
    n_steps: int,
    thresholds: Sequence[tuple[float, float]] | None,
    threads: int = 0,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float64]: ...

@final
class StreamedPair:
    def __new__(cls, base: Sequence[float]) -> StreamedPair: ...
    def count(self, a: NDArray[Any], b: NDArray[Any], threads: int = 0) -> None: ...
    def counts(self) -> NDArray[np.uint64]: ...
    def prepare(self, metrics: int, search: str | None, n_steps: int) -> bool: ...
    def look_up(self, a: NDArray[Any], b: NDArray[Any], threads: int = 0) -> None: ...
    def row(self, thresholds: tuple[float, float] | None = None) -> NDArray[np.float64]: ...
    def overlap(self) -> tuple[float, float, float]: ...

def group_labels(labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[int], NDArray[np.uint32]]: ...
def kendall_tau(
    a: NDArray[np.float64], b: NDArray[np.float64], progress: Callable[[int], None] | None = None
) -> tuple[float, float]: ...
def overlap_coefficients(a: NDArray[Any], b: NDArray[Any], base: Sequence[float]) -> tuple[float, float, float]: ...
def shuffle_blocks(
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    count: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], float, float]: ...
def dbscan_labels(points: NDArray[np.float64], eps: float, min_samples: int) -> NDArray[np.int64]: ...
def k_means(
    points: NDArray[np.float64], k: int, starts: int, seed: int, max_iter: int, tol: float, threads: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64], float]: ...

# ---------------------------------------------------------------- tables
def row_dicts(
    table: NDArray[np.float64], layout: Sequence[tuple[str, Sequence[int], bool]]
) -> list[dict[str, Any]]: ...

# ---------------------------------------------------------------- frames
def filter_frames(
    frames: NDArray[np.float64],
    source: NDArray[np.float64] | None,
    mask: NDArray[np.bool_] | None,
    steps: Sequence[tuple[str, Sequence[float]]],
    keep: bool,
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> list[tuple[int, int, str]]: ...
def find_features(
    data: NDArray[Any],
    mask: NDArray[np.bool_],
    holes: float | None,
    opening: int,
    merge: bool,
    min_size: float,
    remove_edge: bool,
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64]]: ...
def find_blobs(
    data: NDArray[np.float64],
    sigmas: Sequence[float],
    threshold: float,
    overlap: float,
    refine: bool,
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]: ...
def link_points(
    points: NDArray[np.float64],
    starts: NDArray[np.int64],
    max_distance: float,
    max_missing: int,
    scale: str,
    method: str,
) -> NDArray[np.int64]: ...

# ---------------------------------------------------------------- registration and subtraction
def reduce_image(image: NDArray[Any], factor: int, threads: int = 0) -> NDArray[np.float32]: ...
def warp_rows(
    moving: NDArray[Any],
    matrix: Sequence[float],
    field: tuple[Sequence[float], Sequence[float], NDArray[np.float64]] | None,
    first: int,
    rows: int,
    columns: int,
    interpolation: str,
    threads: int = 0,
) -> NDArray[np.float32]: ...
def align_images(
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    start: Sequence[float],
    model: str,
    iterations: int,
    tolerance: float,
    robust: bool,
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> tuple[NDArray[np.float64], float, float, int, bool, float]: ...
def tile_shifts(
    fixed: NDArray[np.float32],
    moving: NDArray[np.float32],
    centres: NDArray[np.float64],
    radius: int,
    longest: float,
    iterations: int,
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> NDArray[np.float64]: ...
def tally_ratios(
    fixed: NDArray[Any],
    moving: NDArray[np.float32],
    sharp: NDArray[np.float32],
    first: int,
    inner: tuple[int, int],
    ratios: NDArray[np.uint32],
    joint: NDArray[np.uint32],
    *,
    height: int,
    margin: int,
    floor: float,
    decades: float,
    block: int,
    most: Sequence[float],
    dither: Sequence[float],
    seed: int,
    threads: int = 0,
) -> None: ...

@final
class SpotFinder:
    def __new__(cls, width: int, low: float, high: float, least: int) -> SpotFinder: ...
    def add(self, height: NDArray[np.float32], values: NDArray[np.float32]) -> None: ...
    def finish(self) -> NDArray[np.float64]: ...

# ---------------------------------------------------------------- movies
_Span: TypeAlias = tuple[int, int]
_Areas: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint32]]

@final
class MovieFrames:
    @staticmethod
    def open(
        path: str | os.PathLike[str],
        shape: Sequence[int],
        chunk: Sequence[int],
        dtype: str,
        filters: Sequence[str],
        chunks: NDArray[np.uint64],
    ) -> MovieFrames: ...
    @staticmethod
    def memory(values: NDArray[Any]) -> MovieFrames: ...
    def read(self, frames: _Span, rows: _Span, columns: _Span, threads: int = 0) -> NDArray[Any]: ...
    def traces(
        self,
        frames: _Span,
        rows: _Span,
        columns: _Span,
        regions: _Areas,
        background: str,
        dark: _Areas | None = None,
        stripes: tuple[int, float] = ...,
        progress: Callable[[int], None] | None = None,
        threads: int = 0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
    def weighted_sums(
        self,
        frames: _Span,
        rows: _Span,
        columns: _Span,
        regions: _Areas,
        weights: NDArray[np.float64],
        threads: int = 0,
    ) -> NDArray[np.float64]: ...
    def images(
        self,
        frames: _Span,
        rows: _Span,
        columns: _Span,
        kept: NDArray[np.bool_],
        base: NDArray[np.float64] | None = None,
        progress: Callable[[int], None] | None = None,
        threads: int = 0,
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]: ...
    def pack(
        self,
        frames: _Span,
        summed: _Span,
        chunk: Sequence[int],
        dtype: str,
        *,
        transpose: bool = False,
        level: int = 1,
        progress: Callable[[int], None] | None = None,
        threads: int = 0,
    ) -> tuple[list[bytes] | None, NDArray[np.float64], NDArray[np.uint32]]: ...

@final
class MotionTemplate:
    def __new__(
        cls,
        even: NDArray[np.float32],
        odd: NDArray[np.float32],
        rate: NDArray[np.float32],
        *,
        bin: int,
        gain: float,
        zero: float,
        full: float,
        tiles: Sequence[int],
        reach: int,
        lags: int,
        roughness: float | None = None,
        growth: float = 1.5,
    ) -> MotionTemplate: ...
    def estimate(
        self, frames: NDArray[Any], threads: int = 0
    ) -> tuple[
        NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]
    ]: ...

def apply_motion(
    frames: NDArray[Any],
    nodes: tuple[NDArray[np.float64], NDArray[np.float64]],
    shifts: NDArray[np.float64],
    line_offset: float,
    sampling: str,
    threads: int = 0,
) -> NDArray[np.float32]: ...

@final
class PixelNoise:
    def __new__(cls, rows: int, columns: int) -> PixelNoise: ...
    def images(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

@final
class BinnedMovie:
    def __new__(
        cls,
        mean: NDArray[np.float64],
        noise: NDArray[np.float64],
        factor: int,
        frames: int,
        bins: int,
        segment: int,
    ) -> BinnedMovie: ...
    def values(self) -> NDArray[np.float32]: ...
    def images(self, threads: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
    def activity(self, diameter: float, window: int, threads: int = 0) -> NDArray[np.float32]: ...
    def cells(
        self, diameter: float, window: int, progress: Callable[[int], None] | None = None, threads: int = 0
    ) -> tuple[
        NDArray[np.float64],
        list[NDArray[np.float32]],
        NDArray[np.float32],
        NDArray[np.float32],
        NDArray[np.float32],
    ]: ...

@final
class MovieProjections:
    def __new__(
        cls,
        mean: NDArray[np.float64],
        frames: int,
        courses: NDArray[np.float64],
        parts: Sequence[tuple[_Span, _Span, Sequence[int]]],
    ) -> MovieProjections: ...
    def sums(self) -> list[NDArray[np.float64]]: ...

def hand_frames(
    movie: MovieFrames,
    taker: PixelNoise | BinnedMovie | MovieProjections,
    frames: _Span,
    rows: _Span,
    columns: _Span,
    kept: NDArray[np.bool_],
    progress: Callable[[int], None] | None = None,
    threads: int = 0,
) -> None: ...
def flood_labels(image: NDArray[np.float64], labels: NDArray[np.int32]) -> None: ...

# ---------------------------------------------------------------- spikes
_Traces: TypeAlias = NDArray[np.float32] | NDArray[np.float64]

def trace_statistics(traces: _Traces, lags: Sequence[int], threads: int = 0) -> NDArray[np.float64]: ...
def deconvolve_traces(
    traces: _Traces,
    requests: NDArray[np.float64],
    least: float,
    events: _Traces,
    threads: int = 0,
) -> NDArray[np.float64]: ...
def bootstrap_events(
    traces: _Traces,
    events: _Traces,
    baselines: NDArray[np.float64],
    requests: NDArray[np.float64],
    *,
    least: float,
    replicates: int,
    coverage: float,
    seed: int,
    first: int,
    threads: int = 0,
) -> NDArray[np.float64]: ...

# ---------------------------------------------------------------- formats
def matlab_variables(
    file: NDArray[np.uint8], wanted: str | None, most_bytes: int, most_values: int
) -> list[tuple[str, tuple[Any, ...]]]: ...

@final
class AdacCalibration:
    def __new__(cls, head: NDArray[np.uint8]) -> AdacCalibration: ...
    def push(self, words: NDArray[np.uint8]) -> None: ...
    def decoder(self) -> AdacDecoder: ...

@final
class AdacDecoder:
    def fill(self, words: NDArray[np.uint8], rows: NDArray[np.float64]) -> tuple[int, int]: ...
    @property
    def separation(self) -> int: ...
    @property
    def ticks_per_ms(self) -> float: ...
    @property
    def clock_source(self) -> str: ...
    @property
    def clock_correlation(self) -> float: ...
    @property
    def buffers(self) -> int: ...

@final
class AsdHeader:
    def __new__(cls, file: NDArray[np.uint8]) -> AsdHeader: ...
    def decode(
        self,
        frames: NDArray[np.uint8],
        channel: int,
        unipolar_sign: float,
        out: NDArray[np.float64],
    ) -> None: ...
    def complete_frames(self, channel: int, bytes: int) -> int: ...
    def channel_start(self, channel: int) -> int: ...
    @property
    def stride(self) -> int: ...
    @property
    def version(self) -> int: ...
    @property
    def channels(self) -> list[str | None]: ...
    @property
    def shape(self) -> tuple[int, int, int]: ...
    @property
    def size_nm(self) -> list[float]: ...
    @property
    def frame_time_ms(self) -> float: ...
    @property
    def date(self) -> list[int]: ...
    @property
    def scan_direction(self) -> int: ...
    @property
    def code_page(self) -> int: ...
    @property
    def comment(self) -> bytes: ...

@final
class ModularDecoder:
    def __new__(cls) -> ModularDecoder: ...
    def fill(self, words: NDArray[np.uint8], rows: NDArray[np.float64]) -> tuple[int, int]: ...
    @property
    def skipped(self) -> int: ...

"""Films of particles whose places are known, and files of them, to try things on."""

from __future__ import annotations

import os
import struct
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing

from .stack import AFMImageStack

HEADER_BYTES, FRAME_HEADER_BYTES = 165, 32
RANGE_VOLTS, BITS = 5.0, 12
BIPOLAR_5V = 0x40000
GAIN = 2.0


def simulate_film(
    frames: int = 60,
    particles: int = 12,
    size: int = 128,
    *,
    pixel_size_nm: float = 2.0,
    frame_time_s: float = 0.5,
    diffusion_nm2_s: float = 10.0,
    height_nm: float = 5.0,
    radius_nm: float = 8.0,
    noise_nm: float = 0.2,
    line_noise_nm: float = 0.3,
    tilt_nm: float = 8.0,
    seed: int | np.random.Generator | None = None,
) -> tuple[AFMImageStack, NDArray[np.float64]]:
    """Particles that diffuse on a tilted, slightly bent surface, with noise of pixels and of lines.

    Parameters
    ----------
    frames, particles : int
    size : int
        Rows and columns of a frame.
    pixel_size_nm, frame_time_s : float
    diffusion_nm2_s : float
        Diffusion coefficient; particles are reflected at the edges.
    height_nm, radius_nm : float
        Height, and standard deviation, of the Gaussian that a particle looks like.
    noise_nm, line_noise_nm : float
        Standard deviation of the noise of pixels, and of that which all pixels of a line share.
    tilt_nm : float
        Difference in height between two edges.
    seed : int, Generator or None

    Returns
    -------
    stack : AFMImageStack
        Heights in nm.
    truth : ndarray
        (frames, particles, 2): x and y in nm from the middle of the first pixel.

    Raises
    ------
    ValueError
        For frames without pixels, or settings out of range.

    Examples
    --------
    >>> from lumentrace.afm.simulation import simulate_film
    >>> stack, truth = simulate_film(frames=3, particles=2, size=32, seed=1)
    >>> stack.shape, truth.shape
    ((3, 32, 32), (3, 2, 2))
    """
    sizes = {"frames": frames, "particles": particles, "size": size}
    positive = {"pixel_size_nm": pixel_size_nm, "frame_time_s": frame_time_s, "radius_nm": radius_nm}
    for name, value in (*sizes.items(), *positive.items()):
        if not (value > 0 or (value == 0 and name in ("frames", "particles"))):
            raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
    random = np.random.default_rng(seed)
    side = (size - 1) * pixel_size_nm
    steps = random.normal(0, np.sqrt(2 * diffusion_nm2_s * frame_time_s), (max(frames - 1, 0), particles, 2))
    start = random.uniform(0, side, (1, particles, 2))
    free = np.concatenate([start, start + np.cumsum(steps, axis=0)])[:frames]
    truth = side - np.abs(side - np.mod(free, 2 * side)) if side > 0 else np.zeros_like(free)
    axis = np.arange(size) * pixel_size_nm
    share = np.arange(size) / max(size - 1, 1)
    surface = tilt_nm * (0.7 * share[None, :] - share[:, None] + 0.4 * share[None, :] * share[:, None])
    film = random.normal(0, noise_nm, (frames, size, size)) + random.normal(0, line_noise_nm, (frames, size, 1))
    film += surface
    for frame, places in enumerate(truth):
        across, down = (np.exp(-((axis - places[:, [way]]) ** 2) / (2 * radius_nm**2)) for way in (0, 1))
        film[frame] += height_nm * down.T @ across
    metadata = [{"timestamp": frame_time_s * number, "frame_duration_s": frame_time_s} for number in range(frames)]
    return AFMImageStack(film, pixel_size_nm, "height_trace", "simulated", metadata), truth


def write_asd(path: str | os.PathLike[str], stack: AFMImageStack) -> None:
    """Write heights as an ``.asd`` film of version 1, in 4096 levels over their range.

    Parameters
    ----------
    path : path
    stack : AFMImageStack
        Heights in nm, all finite; frames of whole nm in size are kept exactly.

    Raises
    ------
    ValueError
        If there are no frames, or pixels that are not finite.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import afm
    >>> from lumentrace.afm.simulation import simulate_film, write_asd
    >>> stack, _ = simulate_film(frames=3, particles=2, size=32, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_asd(f"{folder}/film.asd", stack)
    ...     back = afm.load(f"{folder}/film.asd")
    ...     float(abs(back.data - stack.data).max()) < 0.01
    True
    """
    data = stack.data
    if not data.size or not np.isfinite(data).all():
        raise ValueError(f"`stack`: expected frames of finite heights, found shape {data.shape}")
    most = max(float(np.abs(data).max()), 1e-6) * 1.001
    per_volt = most / RANGE_VOLTS / GAIN
    times = stack.get_frame_times()
    seconds = (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 1.0
    with replacing(path) as file:
        file.write(_header(stack, per_volt, seconds))
        factor = 2**BITS / (2 * RANGE_VOLTS) / (np.float64(np.float32(per_volt)) * GAIN)
        for number, frame in enumerate(data):
            levels = np.round((most - frame) * factor).astype("<i2")
            own = struct.pack("<ihh", number, int(levels.max()), int(levels.min()))
            file.write(own.ljust(FRAME_HEADER_BYTES, b"\0"))
            file.write(levels.tobytes())


def _header(stack: AFMImageStack, per_volt: float, seconds: float) -> bytes:
    head = bytearray(HEADER_BYTES)
    now = datetime.now(UTC)
    size = round(stack.width * stack.pixel_size_nm), round(stack.height * stack.pixel_size_y_nm)
    struct.pack_into("<iiiiii", head, 0, 1, HEADER_BYTES, FRAME_HEADER_BYTES, 65001, 0, 0)
    struct.pack_into("<iiiii", head, 24, 0x5054, 0, stack.n_frames, stack.n_frames, 1)
    struct.pack_into("<iiii", head, 48, stack.width, stack.height, *size)
    struct.pack_into("<iiiiii", head, 69, now.year, now.month, now.day, now.hour, now.minute, now.second)
    struct.pack_into("<f", head, 101, 1000 * seconds)
    struct.pack_into("<Ii", head, 133, BIPOLAR_5V, BITS)
    struct.pack_into("<ff", head, 157, per_volt, GAIN)
    return bytes(head)

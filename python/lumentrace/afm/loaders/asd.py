"""Files of the Ando group's and RIBM's instruments: ``.asd``, versions 0 to 2."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.errors import FormatError

from ..frames import Floats, FrameSource, Recording
from .recording import choose

UNITS = {"TP": "nm", "ER": "nm", "PH": "deg"}
CODE_PAGES = {932: "shift_jis", 1200: "utf-16", 20932: "euc_jp", 65001: "utf-8", 10001: "shift_jis", 20127: "ascii"}


class AsdFrames(FrameSource):
    """Frames of one channel of a mapped file."""

    def __init__(
        self, path: Path, file: NDArray[np.uint8], header: _core.AsdHeader, channel: int, frames: int, sign: float
    ):
        self._path, self._file, self._header, self._channel, self._sign = path, file, header, channel, sign
        self.shape = (frames, *header.shape[1:])

    def __reduce__(self) -> tuple[Any, ...]:
        return _reopened, (self._path, self._channel, self.shape[0], self._sign)

    def read(self, frames: range) -> Floats:
        """Frames of given numbers."""
        values = np.empty((len(frames), *self.shape[1:]))
        start, stride = self._header.channel_start(self._channel), self._header.stride
        for place, number in enumerate(frames):
            at = start + number * stride
            self._header.decode(self._file[at : at + stride], self._channel, self._sign, values[place : place + 1])
        return values


def _reopened(path: Path, channel: int, frames: int, sign: float) -> AsdFrames:
    file, header = _opened(path)
    return AsdFrames(path, file, header, channel, frames, sign)


def _opened(path: Path) -> tuple[NDArray[np.uint8], _core.AsdHeader]:
    if not path.stat().st_size:
        raise FormatError(f"{path}: expected an .asd file, found an empty file")
    file = np.memmap(path, np.uint8, "r")
    try:
        return file, _core.AsdHeader(file)
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None


def channels(path: Path) -> list[str]:
    """Names of the channels."""
    return [name for name in _opened(path)[1].channels if name is not None]


def read(path: Path, channel: str, *, strict: bool = True, asd_unipolar_sign: float = -1.0) -> Recording:
    """Read one channel.

    Parameters
    ----------
    path : Path
    channel : str
        'TP' (or 'height'), 'ER' or 'PH'.
    strict : bool, default True
        Refuse a file that is cut off; otherwise its complete frames are taken.
    asd_unipolar_sign : {-1, 1}
        Sign of heights of converters that know no negative voltages: documents differ.

    Raises
    ------
    FormatError
        If the file is damaged or cut off.
    ValueError
        If the channel is not there.
    """
    if asd_unipolar_sign not in (-1, 1):
        raise ValueError(f"`asd_unipolar_sign`: expected -1 or 1, found {asd_unipolar_sign!r}")
    file, header = _opened(path)
    names = [name for name in header.channels if name is not None]
    name = choose(channel, names, path)
    number = list(header.channels).index(name)
    claimed, height, width = header.shape
    frames = header.complete_frames(number, len(file))
    if strict and frames < claimed:
        end = header.channel_start(number) + claimed * header.stride
        raise FormatError(
            f"{path}: expected {claimed} frames, {end:,} bytes, found {frames} complete ones in {len(file):,} bytes; "
            "strict=False reads those"
        )
    seconds = header.frame_time_ms / 1000
    size = (header.size_nm[0] / width, header.size_nm[1] / height)
    return Recording(
        AsdFrames(path, file, header, number, frames, float(asd_unipolar_sign)),
        name,
        UNITS[name],
        size,
        _metadata(header, frames, claimed, seconds, height, size[0]),
        {
            "asd_file_version": header.version,
            "asd_scan_direction_raw": header.scan_direction,
            "asd_channels": list(header.channels),
            "asd_unipolar_sign": int(asd_unipolar_sign),
            "comment": _text(header),
            "frames_claimed": claimed,
        },
    )


def _metadata(
    header: _core.AsdHeader, frames: int, claimed: int, seconds: float, height: int, pixel_nm: float
) -> list[dict[str, Any]]:
    """Times count from the first frame; the date of the header is that of the end."""
    end: float | None
    try:
        year, month, day, hour, minute, second = header.date
        end = datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        end = None
    start = None if end is None else end - claimed * seconds
    return [
        {
            "timestamp": number * seconds,
            "frame_pixel_size_nm": pixel_nm,
            "frame_duration_s": seconds,
            "start_epoch_ms": None if start is None else round(1000 * (start + number * seconds)),
            "scan_direction": None,
            "line_rate": height / seconds if seconds > 0 else None,
        }
        for number in range(frames)
    ]


def _text(header: _core.AsdHeader) -> str:
    return header.comment.decode(CODE_PAGES.get(header.code_page, "shift_jis"), errors="replace").rstrip("\0")

"""From a recording folder or TIFF files to a converted recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lumentrace.base.lazy import exports

if TYPE_CHECKING:
    from lumentrace.twophoton.convert.recording_folder import ConvertedPaths as ConvertedPaths
    from lumentrace.twophoton.convert.recording_folder import convert_recording as convert_recording
    from lumentrace.twophoton.convert.recording_folder import convert_recording_to_twopy as convert_recording_to_twopy

__getattr__, __dir__, __all__ = exports(
    __name__,
    {
        "ConvertedPaths": "lumentrace.twophoton.convert.recording_folder",
        "convert_recording": "lumentrace.twophoton.convert.recording_folder",
        "convert_recording_to_twopy": "lumentrace.twophoton.convert.recording_folder",
    },
)

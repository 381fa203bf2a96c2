"""Films of atomic force microscopes, for `lumentrace info`."""

from __future__ import annotations

from pathlib import Path

from lumentrace.cli.found import Found


def film(path: Path) -> Found | None:
    """A film of an atomic force microscope, or a folder of its images."""
    from lumentrace.afm.loaders import FORMATS, image_format

    if path.is_dir():
        is_film = any(image_format(file) is not None for file in path.iterdir())
    else:
        is_film = path.name.lower().endswith(tuple(FORMATS)) or image_format(path) is not None
    if not is_film:
        return None
    return film_of(path)


def film_of(path: Path) -> Found:
    """What is in a film of an atomic force microscope."""
    from lumentrace.afm import info

    found = info(path, "height")
    frames, height, width = found.shape
    x, y = found.pixel_size_nm
    facts = {
        "format": found.format,
        "frames": f"{frames:,} of {height} x {width} pixels",
        "pixel (nm)": f"{x:.6g} x {y:.6g}",
        "duration (s)": found.duration_s,
        "channels": ", ".join(found.channels),
        "unit": found.unit or "no unit",
    }
    return Found("AFM film", facts, ("lumentrace afm info", "lumentrace afm run"))

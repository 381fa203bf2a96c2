"""One door for the recordings of all microscopes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lumentrace.storage.images.tiff_image import SUFFIXES as TIFF
from lumentrace.twophoton.convert.microscopes import bruker, nwb_movie, scanbox, scanimage, thor
from lumentrace.twophoton.convert.microscopes.acquisition import Acquisition
from lumentrace.twophoton.convert.microscopes.images import open_film
from lumentrace.twophoton.convert.tiff_movie import natural

Path_ = str | os.PathLike[str]


def open_acquisition(source: Path_ | Sequence[Path_]) -> Acquisition:
    """Open a recording as a microscope left it; pixels are read when they are asked for.

    =============================  =====================================================================================
    a TIFF file of ScanImage       or a folder or list of the files of one acquisition, in order
    a folder of Prairie View       (Bruker), or its XML file
    a ``.sbx`` file of Scanbox     with its ``.mat`` file
    a folder of ThorImage          with ``Experiment.xml`` and ``Image_*.raw``
    a ``.nwb`` file                with movies as ``TwoPhotonSeries``
    an image                       whatever `lumentrace.storage.open_image` opens
    =============================  =====================================================================================

    Parameters
    ----------
    source : path or sequence of path

    Returns
    -------
    Acquisition
        To be closed, or used in a ``with`` statement.

    Raises
    ------
    FormatError
        If a file is damaged, cut off or of another kind.
    OSError
        If one is missing or cannot be read.

    Examples
    --------
    >>> from pathlib import Path
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     try:
    ...         twophoton.open_acquisition(Path(folder) / "scan_00001.tif")
    ...     except FileNotFoundError as error:
    ...         print(error.strerror)
    No such file or directory
    """
    if not isinstance(source, (str, os.PathLike)):
        paths = [Path(path).expanduser() for path in source]
        if not paths:
            raise ValueError("`source`: expected a file at least, found none")
        return scanimage.open_scanimage(paths)
    path = Path(source).expanduser()
    opener = microscope(path)
    return open_film(path) if opener is None else opener(path)


def microscope(path: Path) -> Callable[[Path], Acquisition] | None:
    """What opens a recording of a microscope; None if it is none, or a plain image.

    Raises
    ------
    FormatError
        If a file is damaged, or a folder holds several recordings.
    OSError
        If there is nothing.
    """
    if path.is_dir():
        return _folder(path)
    suffix = path.suffix.lower()
    if suffix in OPENERS:
        return OPENERS[suffix]
    if path.name == thor.EXPERIMENT:
        return thor.open_thor
    if suffix == ".xml" and bruker.scan_file(path) is not None:
        return bruker.open_bruker
    if suffix in TIFF and scanimage.is_scanimage(path):
        return lambda place: scanimage.open_scanimage([place])
    return None


OPENERS = {scanbox.SUFFIX: scanbox.open_scanbox, nwb_movie.SUFFIX: nwb_movie.open_nwb}
"""By the end of the name."""


def _folder(path: Path) -> Callable[[Path], Acquisition] | None:
    if (path / thor.EXPERIMENT).exists():
        return lambda place: thor.open_thor(place / thor.EXPERIMENT)
    scan = bruker.scan_file(path)
    if scan is not None:
        return lambda _: bruker.open_bruker(scan)
    stacks = sorted((each for each in path.iterdir() if _is_stack(each)), key=lambda each: natural(each.name))
    if stacks and scanimage.is_scanimage(stacks[0]):
        return lambda _: scanimage.open_scanimage(stacks)
    return None


def _is_stack(path: Path) -> bool:
    return path.suffix.lower() in TIFF and not path.name.startswith("._")

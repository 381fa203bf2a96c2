"""Which crystals of a ring a bin of a sinogram stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def crystals_of(view: Ints, bin_: Ints, per_ring: int) -> tuple[Ints, Ints]:
    """Places in a ring of the two crystals of a bin, without axial or angular compression.

    In view v the bins b, from the one through the axis on, alternate between pairs::

        first = v + floor(b / 2)        second = v - floor((b + 1) / 2) + per_ring / 2

    modulo `per_ring` [1]_: all lines of a view are parallel but for half a crystal.

    References
    ----------
    .. [1] Thielemans et al., STIR: software for tomographic image reconstruction release 2, Phys. Med. Biol. 57, 867
       (2012), whose numbering this is.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.scanners.bins import crystals_of
    >>> first, second = crystals_of(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]), 576)
    >>> first.tolist(), second.tolist()
    ([0, 0, 1, 1], [288, 287, 287, 289])
    """
    first = (view + (bin_ >> 1)) % per_ring
    second = (view - ((bin_ + 1) >> 1) + per_ring // 2) % per_ring
    return first, second

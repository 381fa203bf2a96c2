"""Turned, magnified and mirrored images, on a canvas around the fixed image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from lumentrace.stain.registration.levels import Image

Flip = tuple[bool, bool]
"""Whether rows and whether columns run backwards."""


class Turn(NamedTuple):
    """A map that is tried."""

    mirrored: bool
    size: float
    angle: float

    @property
    def base(self) -> Turn:
        """The turn whose image, flipped, is the image of this one: unmirrored and by less than 180 degrees.

        Right angles are their own: by rounding of their cosine, which pixels they lose at the rim differs.
        """
        if self.angle % 90 == 0:
            return self
        return Turn(False, self.size, round(self._unmirrored % 180, 9))

    @property
    def flip(self) -> Flip:
        """What flips it: half a turn flips rows and columns, a mirror image columns."""
        if self.base == self:
            return False, False
        half = round((self._unmirrored - self.base.angle) / 180) % 2 == 1
        return half, half != self.mirrored

    @property
    def _unmirrored(self) -> float:
        return -self.angle if self.mirrored else self.angle


@dataclass(frozen=True)
class Canvas:
    """The fixed image with half the moving one around it, onto which the moving image is turned.

    Attributes
    ----------
    fixed, moving : tuple of int
        Sizes of the images.
    """

    fixed: tuple[int, int]
    moving: tuple[int, int]

    @property
    def margin(self) -> int:
        """Pixels around the fixed image."""
        return max(self.moving) // 2

    def turned(self, turn: Turn) -> NDArray[np.float64]:
        """From the canvas to the moving image's pixels: about both centres."""
        cosine, sine = np.cos(np.radians(turn.angle)), np.sin(np.radians(turn.angle))
        linear = turn.size * np.array([[cosine, -sine], [sine, cosine]])
        if turn.mirrored:
            linear = np.diag([-1.0, 1.0]) @ linear
        centre = (np.array(self.moving[::-1]) - 1) / 2
        middle = (np.array(self.fixed[::-1]) - 1) / 2
        matrix = np.eye(3)
        matrix[:2, :2] = linear
        matrix[:2, 2] = centre - linear @ middle
        return shifted(matrix, -self.margin, -self.margin)

    def first(self, turn: Turn) -> tuple[int, int]:
        """Row and column of the canvas at which the turned image begins; it ends as far from the canvas' end."""
        corner = (np.array(self.moving[::-1]) - 1) / 2
        reach = (np.abs(np.linalg.inv(self.turned(turn)[:2, :2])) @ corner)[::-1]
        row, column = (
            max(0, int((length - 1) / 2 + self.margin - half)) for length, half in zip(self.fixed, reach, strict=True)
        )
        return row, column

    def span(self, turn: Turn) -> tuple[int, int]:
        """Rows and columns of the turned image."""
        rows, columns = (
            length + 2 * (self.margin - first) for length, first in zip(self.fixed, self.first(turn), strict=True)
        )
        return rows, columns

    def room(self, turns: Iterable[Turn]) -> tuple[int, int]:
        """Rows and columns of spectra in which no shift comes back from the other end."""
        spans = np.array([self.span(turn) for turn in turns]).max(axis=0)
        rows, columns = (
            fft.next_fast_len(int(length + span - 1), real=True) for length, span in zip(self.fixed, spans, strict=True)
        )
        return rows, columns

    def shift(self, turn: Turn, place: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
        """Row and column of the canvas on which the fixed image's first pixel is, from where it fits best in the room.

        There, pixel y + place of the fixed image, flipped as the turn is, meets pixel y of the turned image of the
        base; places beyond the fixed image are negative ones from the room's end.
        """
        base = turn.base
        found = []
        lengths = zip(self.fixed, self.span(base), self.first(base), room, strict=True)
        for at, backwards, (length, span, first, whole) in zip(place, turn.flip, lengths, strict=True):
            before = at if at < length else at - whole
            found.append(first + span - length + before if backwards else first - before)
        return found[0], found[1]

    def image(self, moving: Image, turn: Turn) -> Image:
        """The moving image turned; NaN where it has nothing."""
        matrix = self.turned(turn)
        rows, columns = (length + 2 * self.margin for length in self.fixed)
        turned = matrix[:2, :2][::-1, ::-1], matrix[:2, 2][::-1]
        whole = ndimage.affine_transform(even(moving), *turned, (rows, columns), order=1, cval=np.nan)
        row, column = self.first(turn)
        return np.asarray(whole[row : rows - row, column : columns - column])


def even(image: Image) -> Image:
    """The image with zeros where nothing is known."""
    return np.nan_to_num(image, nan=0.0)


def shifted(matrix: NDArray[np.float64], row: int, column: int) -> NDArray[np.float64]:
    """The map of an image of which the given pixel is the first."""
    place = np.eye(3)
    place[:2, 2] = column, row
    return np.asarray(matrix @ place)

"""A registration: the map from post-stain to pre-stain pixels, and how far it can be trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.documents import document
from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.provenance import Provenance
from lumentrace.base.recorded import Recorded
from lumentrace.stain.registration.displacement import Displacement
from lumentrace.stain.remarks import FATAL, Remark

Floats = NDArray[np.float64]

Interpolation = Literal["smooth", "linear", "cubic"]

FORMAT = "lumentrace-registration-2"
CONVENTION = (
    "matrix sends post-stain (x, y, 1) to pre-stain pixels of the images as they came, without a border; "
    "pixel centres are whole numbers"
)


@dataclass(frozen=True)
class Registration(Recorded):
    """Where the pixels of a post-stain image lie in the pre-stain image.

    Points are (x, y) with pixel centres on whole numbers.

    Attributes
    ----------
    matrix : ndarray
        (3, 3): sends post-stain to pre-stain pixels.
    displacement : Displacement or None
        Local remainder that the matrix cannot follow, added to post-stain coordinates before the matrix.
    post_shape, pre_shape : tuple of int
        (rows, columns)
    model : str
        'affine' or 'homography'.
    correlation : float
        Of the fine texture of both images, -1 to 1, without pixels that fit badly.
    overlap : float
        Share of post-stain pixels that lie in the pre-stain image.
    error_px : float
        Estimated root mean square error, in pixels; NaN if it could not be measured.
    agreeing : float
        Share of the parts with texture whose own shifts agree with their neighbours'.
    error_points, error_shifts : ndarray
        (n, 2): the error map; where, and by how much the images are still apart there.
    remarks : tuple of Remark
        What is odd about it, each with its `kind`, `text` and `value`.
    provenance : Provenance
        How it came about.
    """

    matrix: Floats
    displacement: Displacement | None
    post_shape: tuple[int, int]
    pre_shape: tuple[int, int]
    model: str
    correlation: float
    overlap: float
    error_px: float
    agreeing: float
    error_points: Floats = field(repr=False)
    error_shifts: Floats = field(repr=False)
    remarks: tuple[Remark, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the map can be trusted to a pixel."""
        return not self.reasons

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why not."""
        return tuple(remark.text for remark in self.remarks if remark.kind in FATAL)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What to keep in mind all the same."""
        return tuple(remark.text for remark in self.remarks if remark.kind not in FATAL)

    @property
    def mirrored(self) -> bool:
        """Whether the pre-stain image is a mirror image of the post-stain one."""
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0)

    @property
    def angle(self) -> float:
        """Rotation in degrees, from x towards y."""
        turn = self.matrix[:2, :2] @ np.diag([-1.0, 1.0]) if self.mirrored else self.matrix[:2, :2]
        return float(np.degrees(np.arctan2(turn[1, 0] - turn[0, 1], turn[0, 0] + turn[1, 1])))

    @property
    def magnification(self) -> float:
        """Pre-stain pixels per post-stain pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:2, :2]))))

    @property
    def shift(self) -> tuple[float, float]:
        """How far the centre of the post-stain image moves, in pixels."""
        middle = (np.array(self.post_shape[::-1], dtype=np.float64) - 1) / 2
        x, y = self.points(middle[None])[0] - middle
        return float(x), float(y)

    def points(self, points: Floats) -> Floats:
        """Pre-stain positions (n, 2) of post-stain positions (n, 2).

        Examples
        --------
        >>> import numpy as np
        >>> from lumentrace import stain
        >>> shifted = stain.Registration.identity((64, 64)).shifted(3, -2)
        >>> shifted.points(np.array([[10.0, 20.0]]))
        array([[13., 18.]])
        """
        points = np.asarray(points, dtype=np.float64)
        if self.displacement is not None:
            points = points + self.displacement.at(points)
        whole = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return np.asarray(whole[:, :2] / whole[:, 2:])

    def warp_rows(
        self, pre: NDArray[Any], first: int, rows: int, interpolation: Interpolation = "smooth"
    ) -> NDArray[np.float32]:
        """Rows of the pre-stain image as the post-stain one sees it; NaN where there is nothing.

        Parameters
        ----------
        pre : ndarray of uint8, uint16, uint32 or float32
        first, rows : int
            Of the post-stain grid.
        interpolation : {'smooth', 'linear', 'cubic'}, default 'smooth'
            'smooth' averages noise evenly and keeps details of eight pixels and more; 'linear' and 'cubic' average it
            more or less, depending on where between pixels a place is.
        """
        native = None if self.displacement is None else self.displacement.native()
        pre = np.ascontiguousarray(pre)
        return _core.warp_rows(
            pre, self.matrix.ravel().tolist(), native, first, rows, self.post_shape[1], interpolation
        )

    @classmethod
    def identity(cls, shape: tuple[int, int]) -> Self:
        """No map at all, taken on trust."""
        none = np.empty((0, 2))
        return cls(np.eye(3), None, shape, shape, "affine", np.nan, 1.0, np.nan, np.nan, none, none)

    def shifted(self, x: float, y: float) -> Registration:
        """The same map, its pre-stain positions moved."""
        move = np.array([[1.0, 0, x], [0, 1.0, y], [0, 0, 1.0]])
        return replace(self, matrix=move @ self.matrix)

    def padded(self, pad: int) -> Floats:
        """The matrix between canvases on which both images start at (pad, pad)."""
        there, back = np.eye(3), np.eye(3)
        there[:2, 2], back[:2, 2] = pad, -pad
        return there @ self.matrix @ back

    def to_dict(self) -> dict[str, Any]:
        """Plain values that `from_dict` reads back."""
        history = {"provenance": self.provenance.to_dict()} if self.provenance.steps else {}
        return {
            "format": FORMAT,
            "convention": CONVENTION,
            "matrix": self.matrix.tolist(),
            "displacement": None if self.displacement is None else self.displacement.to_dict(),
            "post_shape": list(self.post_shape),
            "pre_shape": list(self.pre_shape),
            "model": self.model,
            "correlation": _number(self.correlation),
            "overlap": _number(self.overlap),
            "error_px": _number(self.error_px),
            "agreeing": _number(self.agreeing),
            "error_map": np.hstack([self.error_points, self.error_shifts]).tolist(),
            "ok": self.ok,
            "remarks": [remark.to_dict() for remark in self.remarks],
            **history,
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The registration that `record` was made from.

        Raises
        ------
        FormatError
            If the record is something else.
        """
        if record.get("format") != FORMAT:
            raise FormatError(f"expected a record of format {FORMAT!r}, found {record.get('format')!r}")
        try:
            errors = np.asarray(record["error_map"], dtype=np.float64).reshape(-1, 4)
            moved = record["displacement"]
            numbers = {
                name: float("nan") if record[name] is None else float(record[name])
                for name in ("correlation", "overlap", "error_px", "agreeing")
            }
            return cls(
                matrix=np.asarray(record["matrix"], dtype=np.float64).reshape(3, 3),
                displacement=None if moved is None else Displacement.from_dict(moved),
                post_shape=(int(record["post_shape"][0]), int(record["post_shape"][1])),
                pre_shape=(int(record["pre_shape"][0]), int(record["pre_shape"][1])),
                model=str(record["model"]),
                error_points=errors[:, :2],
                error_shifts=errors[:, 2:],
                remarks=tuple(Remark.from_dict(each) for each in record["remarks"]),
                provenance=Provenance.from_dict(record["provenance"]) if "provenance" in record else Provenance(),
                **numbers,
            )
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise FormatError(f"expected a complete registration, found a damaged one ({error!r})") from error

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the registration as JSON, or as an ITK transform if the name ends in .txt or .tfm.

        The ITK file holds the matrix alone, as an affine transform of pixels.

        Raises
        ------
        ValueError
            If an ITK file is asked for and the map is not affine.
        OSError
            If the file cannot be written.
        """
        place = Path(path)
        itk = place.suffix.lower() in (".txt", ".tfm")
        content = self.to_itk() if itk else json.dumps(self.to_dict(), indent=1, allow_nan=False)
        with replacing(place) as file:
            file.write(content.encode())
        return place

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a registration that `save` wrote as JSON.

        Raises
        ------
        FormatError
            If the file is something else or damaged.
        OSError
            If it cannot be read.
        """
        record = document(path, "JSON")
        if not isinstance(record, dict):
            raise FormatError(f"{path}: expected a registration in JSON, found {type(record).__name__}")
        try:
            return cls.from_dict(record)
        except FormatError as error:
            raise FormatError(f"{path}: {error}") from error

    def to_itk(self) -> str:
        """The matrix as an ITK transform file (2-D affine, from fixed to moving pixels)."""
        if self.displacement is not None or np.abs(self.matrix[2, :2]).max() > 0:
            kind = "a homography" if self.displacement is None else "a local displacement"
            raise ValueError(f"expected an affine map for an ITK file, found {kind}; save it as .json")
        (a, b, x), (c, d, y) = self.matrix[:2]
        numbers = " ".join(repr(float(value)) for value in (a, b, c, d, x, y))
        return (
            "#Insight Transform File V1.0\n#Transform 0\nTransform: AffineTransform_double_2_2\n"
            f"Parameters: {numbers}\nFixedParameters: 0 0\n"
        )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

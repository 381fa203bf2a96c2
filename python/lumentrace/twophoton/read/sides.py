"""Which side of the brain a recording shows, as the lab's database knows it."""

from __future__ import annotations

from pathlib import Path

from lumentrace.twophoton.config import TwophotonConfig
from lumentrace.twophoton.read.find import databases, rows_of_path
from lumentrace.twophoton.read.places import relative_paths

SIDES = ("left", "right")


def known_side(name: str, value: object) -> str:
    """'left' or 'right' from what somebody wrote; ValueError naming the place if it is neither."""
    side = str(value).strip().casefold()
    if side not in SIDES:
        raise ValueError(f"{name}: expected hemisphere left or right, found {value!r}")
    return side


def side_in_database(session_dir: Path, config: TwophotonConfig) -> str | None:
    """The side in the database; None if there is no database, or it does not know the recording or its side.

    Raises
    ------
    FormatError
        If the database is damaged.
    ValueError
        If it says something else than left or right, has the recording twice, or its files disagree.
    """
    try:
        files = databases(config)
    except FileNotFoundError:
        return None
    sides = {}
    for database in files:
        found = [
            row
            for path in relative_paths(session_dir, config)
            for row in rows_of_path(database, config, path.as_posix())
        ]
        if len(found) > 1:
            numbers = ", ".join(str(row.stimulus_presentation_id) for row in found)
            raise ValueError(f"{database}: expected one presentation of {session_dir}, found {numbers}")
        if found and (found[0].hemisphere or "").strip():
            sides[known_side(f"{database}, {session_dir}", found[0].hemisphere)] = database
    if len(sides) > 1:
        raise ValueError(
            f"{session_dir}: expected one hemisphere, found {' and '.join(map(str, sides))} in the database"
        )
    return next(iter(sides), None)

"""Whether polars reads an Arrow file: in a child process (`guard`), since damaged ones can end the one that reads."""

from __future__ import annotations

from lumentrace.base.errors import FormatError


def check_file(path: str) -> None:
    """Read all of a file; the message of a FormatError does not name it."""
    from lumentrace.base.polars import pl

    try:
        with open(path, "rb") as file:
            pl.read_ipc(file.read()).rechunk()
    except pl.exceptions.PanicException as error:
        raise FormatError(f"expected an Arrow file, found a damaged one ({error})") from None

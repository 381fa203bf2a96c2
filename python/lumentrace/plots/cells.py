"""Tables of a report as HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .numbers import missing, spell

WIDE = 12
"""Tables of more columns have small letters."""
WORD = 16
"""Letters up to which a cell without spaces, e.g. a unit, or what is in brackets is not broken into lines."""
IN_BRACKETS = re.compile(rf"\([^()<>]{{1,{WORD}}}\)")
MOST_ROWS = 1000
"""More rows make a page slow to lay out and to sort."""


@dataclass(frozen=True)
class Swatch:
    """A table cell with a dot of colour before its text."""

    text: object
    colour: str


@dataclass(frozen=True)
class Missing:
    """A table cell for a value that could not be measured."""

    reason: str


def escaped(value: object) -> str:
    """Any value as text of a page."""
    return html.escape(str(value), quote=True)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str, ids: Sequence[str]) -> str:
    """A table of at most `MOST_ROWS` rows; `ids` says for each row what it belongs to, if anything."""
    every = [list(row) for row in rows]
    cells = every[:MOST_ROWS]
    left_out = f"{spell(len(every) - MOST_ROWS)} more rows are left out." if len(every) > MOST_ROWS else ""
    right = [_is_numeric([row[i] for row in cells]) for i in range(len(header))]
    head = "".join(_cell(name, "th", number) for name, number in zip(header, right, strict=True))
    links = [f' data-id="{escaped(name)}"' for name in ids] or [""] * len(every)
    body = "".join(
        f"<tr{link}>{''.join(_cell(value, 'td', number) for value, number in zip(row, right, strict=True))}</tr>"
        for link, row in zip(links, cells, strict=False)
    )
    title = " ".join(filter(None, [caption, left_out]))
    top = f"<caption>{escaped(title)}</caption>" if title else ""
    kind = ' class="wide"' if len(header) > WIDE else ""
    inner = f"<table{kind}>{top}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="table"><div class="rows">{inner}</div></div>'


def pairs(rows: Iterable[tuple[str, object]]) -> str:
    """A table of names and values."""
    body = "".join(f'<tr><th scope="row">{escaped(name)}</th>{_cell(value, "td", False)}</tr>' for name, value in rows)
    return f'<div class="table pairs"><table><tbody>{body}</tbody></table></div>'


def _cell(value: object, tag: str, number: bool) -> str:
    exact = f' data-value="{float(value)!r}"' if isinstance(value, (float, np.floating)) and tag == "td" else ""
    content = _content(value)
    kind = " class=number" if number else " class=whole" if tag == "td" and _is_word(content) else ""
    start = f"<{tag}{' scope=col' if tag == 'th' else ''}{kind}{exact}>"
    return f"{start}{_breakable(content) if tag == 'th' else content}</{tag}>"


def _is_word(text: str) -> bool:
    return len(text) <= WORD and len(text.split()) == 1


def _breakable(heading: str) -> str:
    """A heading that may break after underscores, but not inside of short brackets, which hold a unit."""
    return IN_BRACKETS.sub(r'<span class="whole">\g<0></span>', heading.replace("_", "_<wbr>"))


def _content(value: object) -> str:
    if isinstance(value, Swatch):
        return f'<span class="swatch" style="background: {escaped(value.colour)}"></span>{escaped(spell(value.text))}'
    if isinstance(value, Missing):
        return f"n/a ({escaped(value.reason)})"
    return "n/a" if missing(value) else escaped(spell(value))


def _is_numeric(values: Sequence[object]) -> bool:
    known = [value for value in values if not isinstance(value, Missing) and not missing(value)]
    return bool(known) and all(_reads_as_number(value) for value in known)


def _reads_as_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # whether it does is the question
    except (TypeError, ValueError):
        return False
    return True

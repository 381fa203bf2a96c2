"""Small HTML for notebooks: it takes the colours around it, escapes all text and stays small."""

from __future__ import annotations

import html
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

ROWS = 5
"""Rows of a table that are shown."""
COLUMNS = 20
"""Columns of a table that are shown."""
LONGEST = 80
"""Characters of a value that are shown."""
GROUPED = 10_000
"""Whole numbers from here on are written in groups of three digits."""
LEAST_P = 1e-16
"""Smaller p-values are not told apart: they are no better known than the numbers that they are made of."""
THIN = "\u202f"

_LINE = "1px solid rgba(128, 128, 128, 0.35)"
_CELL = (
    f"padding:2px 10px;border:0;border-bottom:{_LINE};background:none;color:inherit;"
    "vertical-align:top;white-space:nowrap"
)
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = LONGEST


def text(value: object, longest: int = LONGEST) -> str:
    """Any value as escaped text of at most so many characters.

    Examples
    --------
    >>> from lumentrace.base.html import text
    >>> text("<b>"), text(0.123456789), text(9999), text([1, 2] * 9)
    ('&lt;b&gt;', '0.123457', '9999', '[1, 2, 1, 2, 1, 2, ...]')
    """
    return html.escape(short(value, longest).encode("utf-8", "backslashreplace").decode())


def short(value: object, longest: int = LONGEST) -> str:
    """As `text`, but not escaped."""
    shown = _plain(value)
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def counted(number: int, what: str) -> str:
    """A number of things as text: ``1 row``, ``2 rows``."""
    return f"{text(number)} {what}{'' if number == 1 else 's'}"


def face(title: str, about: Iterable[object], *parts: str) -> str:
    """All of an object: its title, what it is in a few words, and parts that are HTML already."""
    words = "".join(f" · {text(each)}" for each in about)
    head = f'<div style="margin-bottom:4px"><strong>{text(title)}</strong>{words}</div>'
    style = "color:inherit;font-size:13px;line-height:1.45;max-width:100%;overflow-x:auto"
    return f'<div style="{style}">{head}{"".join(parts)}</div>'


def listed(items: Iterable[tuple[str, str]], numbered: bool = False) -> str:
    """Items of a word in bold and text; those beyond `COLUMNS` are only counted."""
    every = list(items)
    tag = "ol" if numbered else "ul"
    lines = "".join(f"<li><strong>{text(word)}</strong> {text(about, 500)}</li>" for word, about in every[:COLUMNS])
    return f'<{tag} style="margin:2px 0;padding-left:24px">{lines}</{tag}>{_more(len(every) - COLUMNS)}'


def table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], count: int, units: Mapping[str, str] | None = None
) -> str:
    """The first rows of a table of `count` rows, with units below the names; columns beyond `COLUMNS` are only counted.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of sequences
        At most `ROWS`.
    count : int
    units : mapping, optional
        Of columns that have one.
    """
    known, names = units or {}, columns[:COLUMNS]
    shown = [list(row)[:COLUMNS] for row in rows]
    right = [not any(isinstance(row[place], str) for row in shown) for place in range(len(names))]
    titles = [_titled(name, known.get(name, "")) for name in names]
    head, *body = (
        "".join(_cell(tag, each, to_right) for each, to_right in zip(cells, right, strict=True))
        for tag, cells in [
            ("th", titles),
            *(("td", [_told(name, value) for name, value in zip(names, row, strict=True)]) for row in shown),
        ]
    )
    beyond = ((count - len(shown), "more row"), (len(columns) - COLUMNS, "more column"))
    left_out = [counted(more, what) for more, what in beyond if more > 0]
    below = _faint(f"… {', '.join(left_out)}") if left_out else ""
    lines = "".join(f"<tr>{line}</tr>" for line in body)
    return _framed(f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody>") + below


def pairs(values: Mapping[str, object]) -> str:
    """Names and values, one pair below the other."""
    shown = list(values.items())[:COLUMNS]
    body = "".join(
        f"<tr>{_cell('th', text(name), False)}{_cell('td', text(value), False)}</tr>" for name, value in shown
    )
    return _framed(f"<tbody>{body}</tbody>") + _more(len(values) - len(shown))


def _more(number: int) -> str:
    return _faint(f"… {text(number)} more") if number > 0 else ""


def _faint(content: str) -> str:
    return f'<div style="opacity:0.7">{content}</div>'


def _framed(content: str) -> str:
    style = (
        "border-collapse:collapse;border:0;margin:2px 0;color:inherit;font:inherit;font-variant-numeric:tabular-nums"
    )
    return f'<table style="{style}">{content}</table>'


def _cell(tag: str, content: str, right: bool) -> str:
    return f'<{tag} style="{_CELL};text-align:{"right" if right else "left"}">{content}</{tag}>'


def _told(name: str, value: object) -> str:
    tiny = name.endswith("pvalue") and isinstance(value, float) and value < LEAST_P
    return text(f"< {LEAST_P:g}" if tiny else value)


def _titled(name: str, unit: str) -> str:
    below = f'<br><span style="font-weight:normal;opacity:0.7">{text(unit)}</span>' if unit else ""
    return text(name) + below


def _plain(value: Any) -> str:
    if isinstance(value, (str, bool)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}".replace(",", THIN) if abs(int(value)) >= GROUPED else str(value)
    if isinstance(value, (float, np.floating)):
        return f"{float(value):.6g}"
    return _SHORT.repr(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else str(value)

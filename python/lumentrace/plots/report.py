"""A report as one HTML file: key figures, figures, tables, text and provenance, readable without a network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import plotly.graph_objects as go
from plotly.io.json import to_json_plotly

from lumentrace.base.files import replacing
from lumentrace.base.provenance import Provenance
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import COLOURS, SIGNS, Verdict

from .cells import Missing as Missing
from .cells import Swatch as Swatch
from .cells import escaped, pairs, table
from .film import Bar, Frame, Gradient, drawn, filmed
from .hover import told
from .numbers import missing, spell
from .packing import digest, library, packed
from .provenance_rows import HEADINGS, flat, is_records, plain
from .settings_rows import HEADER, settings_rows
from .swipe import Shown, swiped
from .theme import TEMPLATES
from .times import Times, slider

POLICY = "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:"
"""Only the two scripts of the report may run, told by their digests; figures have their styles in the page."""
SHORT = 256
UNGRANTED = {"scattergl": "scatter", "heatmapgl": "heatmap"}
"""Traces that need more rights than the page has, and what is drawn instead."""
NO_SCRIPT = "<noscript>The figure needs JavaScript.</noscript>"


class Report:
    """Collects the parts of a report and writes them as one HTML file.

    All text is escaped. Plotly is embedded once, a content security policy keeps the page from loading anything else,
    and all figures follow the reader's light or dark setting.

    Parameters
    ----------
    title : str
    subtitle : str, optional

    Examples
    --------
    >>> import plotly.graph_objects as go
    >>> report = Report("Bead in water")
    >>> report.key_figure("Speed", 0.31, "m/s")
    >>> report.figure(go.Figure(go.Scatter(y=[1, 3, 2])), "Height", "Height above the floor.")
    >>> "://" in report.html(embed_plotly=False)
    False
    """

    def __init__(self, title: str, subtitle: str = ""):
        self.title = title
        self.subtitle = subtitle
        self._verdict = ""
        self._key_figures: list[str] = []
        self._parts: list[str] = []
        self._figures: list[object] = []
        self._arrays: dict[tuple[str, str], dict[str, object]] = {}
        self._panels_open = False
        self._sections: list[str] = []
        self._films: list[list[str]] = []

    def key_figure(
        self, name: str, value: object, unit: str = "", note: str = "", reason: str = "not measured"
    ) -> None:
        """Add a number to the head of the report.

        Parameters
        ----------
        name : str
        value : object
            Shown with three significant digits; None and NaN as "n/a".
        unit : str, optional
        note : str, optional
            How the number is defined.
        reason : str, optional
            Why there is no value, if there is none.
        """
        if missing(value):
            shown = f'<div class="value missing">n/a ({escaped(reason)})</div>'
        else:
            unit_tag = f'<span class="unit">{escaped(unit)}</span>' if unit else ""
            shown = f'<div class="value">{escaped(spell(value))}{unit_tag}</div>'
        note_tag = f'<div class="note">{escaped(note)}</div>' if note else ""
        self._key_figures.append(f"<div><dt>{escaped(name)}</dt><dd>{shown}{note_tag}</dd></div>")

    def verdict(self, verdict: Verdict) -> None:
        """Say at the very top whether the results can be relied on: a word with its sign and colour, and why."""
        items = "".join(f"<li>{escaped(each.why)}<br><em>{escaped(each.advice)}</em></li>" for each in verdict.reasons)
        listed = f"<ul>{items}</ul>" if items else ""
        self._verdict = (
            f'<section class="verdict" style="border-color: {COLOURS[verdict.level]}">'
            f"<strong>{SIGNS[verdict.level]} {escaped(verdict.level)}</strong>{listed}</section>"
        )

    def section(self, title: str) -> None:
        """Start a section, which the reader can fold."""
        closing = "</details>" if self._sections else ""
        self._sections.append(title)
        start = f'<details class="section" id="section-{len(self._sections)}" open>'
        self._add(f"{closing}{start}<summary><h2>{escaped(title)}</h2></summary>")

    def text(self, text: str, notice: bool = False) -> None:
        """Add a paragraph; `notice` sets it off as something the reader should not miss."""
        self._add(f'<p class="text{" notice" if notice else ""}">{escaped(text)}</p>')

    def figure(
        self,
        fig: go.Figure,
        title: str,
        caption: str = "",
        height: int = 460,
        half: bool = False,
        times: Times | None = None,
        narrow: tuple[go.Figure, int] | None = None,
    ) -> None:
        """Add a Plotly figure.

        Parameters
        ----------
        fig : plotly.graph_objects.Figure
            Its template is replaced by that of the report.
        title, caption : str
        height : int, default 460
            In pixels.
        half : bool, default False
            Take half of the width, so that two such figures stand side by side.
        times : Times, optional
            For a slider of time.
        narrow : tuple of plotly.graph_objects.Figure and int, optional
            The same traces arranged for a narrow window, and the height.

        Notes
        -----
        Traces `scattergl` are drawn as `scatter`, because WebGL in two dimensions needs rights that the page has not.
        """
        identity = f"figure-{len(self._figures)}"
        whole = fig.to_dict()
        layout = _layout(whole)
        data = [told({**trace, "type": UNGRANTED.get(trace["type"], trace["type"])}, layout) for trace in whole["data"]]
        shown: dict[str, object] = {"data": data, "layout": layout}
        if narrow is not None:
            other = _layout(narrow[0].to_dict())
            changed = {key: other.get(key) for key in {**layout, **other} if layout.get(key) != other.get(key)}
            shown["narrow"] = {"layout": changed, "height": narrow[1]}
        self._figures.append(self._share_arrays(shown))
        if not self._panels_open:
            self._parts.append('<div class="panels">')
            self._panels_open = True
        caption_tag = f"<figcaption>{escaped(caption)}</figcaption>" if caption else ""
        self._parts.append(
            f"<figure{' class=half' if half else ''}><h3>{escaped(title)}</h3>"
            f'<div id="{identity}" class="plot" style="height: {int(height)}px">{NO_SCRIPT}</div>'
            f"{'' if times is None else slider(times)}{caption_tag}</figure>"
        )

    def swipe(self, one: Shown, other: Shown, title: str, caption: str = "", bar: Bar | None = None) -> None:
        """Add two pictures of the same place with a slider that uncovers one or the other; side by side in print.

        Parameters
        ----------
        one, other : tuple of str and ndarray of uint8
            What is seen on the left and on the right of the slider: a name, and grey values or colours.
        title, caption : str
        bar : lumentrace.plots.film.Bar, optional
        """
        self._add(swiped(one, other, title, caption, bar))

    def film(
        self,
        frames: Sequence[Frame],
        size: tuple[float, float],
        title: str,
        caption: str = "",
        bar: Bar | None = None,
        gradient: Gradient | None = None,
    ) -> None:
        """Add pictures that a slider goes through, with shapes over them.

        Parameters
        ----------
        frames : sequence of lumentrace.plots.film.Frame
        size : (float, float)
            Width and height in the units of the shapes.
        title, caption : str
        bar : lumentrace.plots.film.Bar, optional
        gradient : lumentrace.plots.film.Gradient, optional
        """
        self._add(filmed(frames, size, bar, title, caption, gradient))
        self._films.append([drawn(frame, size) for frame in frames[1:]])

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "", ids: Sequence[str] = ()
    ) -> None:
        """Add a table.

        Parameters
        ----------
        header : sequence of str
        rows : iterable of sequences
            Numbers, texts, `Swatch` and `Missing`; None and NaN are shown as "n/a".
        caption : str, optional
        ids : sequence of str, optional
            What each row belongs to, as `lumentrace.plots.linked.identity` names it.
        """
        self._add(table(header, rows, caption, ids))

    def settings(self, settings: Settings) -> None:
        """Add all settings of a run, with their defaults."""
        self.section("Settings")
        self.table(HEADER, settings_rows(settings))

    def provenance(self, record: Provenance | Mapping[str, object] | None) -> None:
        """Add what is known about where the data came from and what was done to it.

        Parameters
        ----------
        record : lumentrace.base.provenance.Provenance, mapping or None
            Lists of mappings become tables, other values rows of name and value.
        """
        self.section("Provenance")
        values = record.to_dict() if isinstance(record, Provenance) else record
        if not values:
            self.text("n/a (no provenance record came with the data)")
            return
        listed = {name: value for name, value in values.items() if is_records(value)}
        rows = [pair for name, value in values.items() if name not in listed for pair in flat(str(name), value)]
        if rows:
            self._add(pairs((name, plain(value)) for name, value in rows))
        for name, records in listed.items():
            header = list(dict.fromkeys(key for entry in records for key in entry))
            cells = [[plain(entry.get(key, "")) for key in header] for entry in records]
            self.table([HEADINGS.get(key, str(key)) for key in header], cells, str(name).capitalize())
            starts = [entry["started"] for entry in records if "started" in entry]
            if len(set(starts)) < len(starts):
                self.text("Steps that started at the same moment ran together; each shows the time of all of them.")

    def _add(self, part: str) -> None:
        if self._panels_open:
            self._parts.append("</div>")
            self._panels_open = False
        self._parts.append(part)

    def _share_arrays(self, node: object) -> object:
        """Replace packed arrays by references, so that an array used several times is stored once."""
        if isinstance(node, (list, tuple)):
            return [self._share_arrays(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node.get("bdata", "")) <= SHORT:
            return {key: self._share_arrays(value) for key, value in node.items()}
        key = (node["dtype"] + str(node.get("shape", "")), node["bdata"])
        self._arrays.setdefault(key, {"number": len(self._arrays), "array": node})
        return {"$array": self._arrays[key]["number"]}

    def html(self, embed_plotly: bool = True) -> str:
        """The report as HTML text.

        Parameters
        ----------
        embed_plotly : bool, default True
            False leaves the Plotly library out; the figures then need another page's copy.
        """
        return "".join(self._pieces(embed_plotly))

    def _pieces(self, embed_plotly: bool = True) -> Iterator[str]:
        closing = ("</div>" if self._panels_open else "") + ("</details>" if self._sections else "")
        figures = f'<dl class="figures">{"".join(self._key_figures)}</dl>' if self._key_figures else ""
        subtitle = f'<p class="subtitle">{escaped(self.subtitle)}</p>' if self.subtitle else ""
        created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        script = _asset("report.js")
        embedded = bool(self._figures) and embed_plotly
        policy = POLICY.format(scripts=" ".join([digest(script), *([library().digest] if embedded else [])]))
        yield (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escaped(self.title)}</title>\n<style>\n{_asset('base.css')}{_asset('report.css')}</style>\n"
            "</head>\n<body>\n"
            f"<header><h1>{escaped(self.title)}</h1>{subtitle}{self._contents()}</header>\n"
            f"<main>{self._verdict}{figures}"
        )
        yield from self._parts
        yield (
            f"{closing}</main>\n"
            f"<footer>Made by lumentrace on {created}. This file holds all it needs and loads nothing.</footer>\n"
        )
        if self._figures or self._films:
            arrays = [entry["array"] for entry in self._arrays.values()]
            content = to_json_plotly(
                {"figures": self._figures, "arrays": arrays, "films": self._films, "templates": TEMPLATES}
            )
            data = packed(content.encode("utf-8", "backslashreplace"))
            yield f'<script type="text/plain" id="report-data">{data}</script>\n'
        if embedded:
            yield f'<!-- {library().licence} -->\n<script type="text/plain" id="plotly">{library().text}</script>\n'
        yield f"<script>{script}</script>\n</body>\n</html>\n"

    def _contents(self) -> str:
        links = "".join(
            f'<a href="#section-{number}">{escaped(title)}</a>' for number, title in enumerate(self._sections, 1)
        )
        return f'<nav aria-label="Contents">{links}</nav>' if links else ""

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report; `path` then holds the whole of it, or what it held before.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        with replacing(path) as file:
            for piece in self._pieces():
                file.write(piece.encode("utf-8", errors="backslashreplace"))
        return Path(path)


def _layout(figure: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    return {key: value for key, value in figure["layout"].items() if key != "template"}


def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")

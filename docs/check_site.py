"""Checks the web site that `make docs` built: ``python docs/check_site.py site``."""

from __future__ import annotations

import importlib
import re
import sys
import zlib
from collections.abc import Iterator
from inspect import ismodule
from pathlib import Path

MARKUP = re.compile(r"``|:(class|func|math|meth|mod|ref):`|\.\. \[\d|\]_|^\s*\.\. \w+::", re.MULTILINE)
"""Docstrings that were not made for Markdown."""
ROOMS = ["", ".storage", ".plots", ".coloc", ".afm", ".stain", ".twophoton", ".pept"]
PEPT = ("tracking", "processing", "scanners", "simulation", "recipes", "sources", "live", "utilities")
ROOMS += [f".pept.{name}" for name in PEPT]
"""Modules whose `__all__` is public."""


def main() -> None:
    site = Path(sys.argv[1])
    wrong = [*raw_markup(site), *missing(known(site))]
    print("\n".join(wrong) or "The reference has every public name, and no raw markup.")
    sys.exit(bool(wrong))


def raw_markup(site: Path) -> Iterator[str]:
    for page in sorted(site.rglob("index.html")):
        for found in MARKUP.finditer(page.read_text("utf-8")):
            around = found.string[found.start() - 60 : found.end() + 60]
            yield f"{page}: {found.group()!r} was not rendered: ...{around}"


def known(site: Path) -> set[str]:
    """All names that the reference describes, by every path that leads to them."""
    listed = zlib.decompress((site / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    return {line.split(" ", 1)[0] for line in listed.splitlines()}


def missing(described: set[str]) -> Iterator[str]:
    for room in ROOMS:
        module = importlib.import_module(f"lumentrace{room}")
        for name in module.__all__:
            found = getattr(module, name)
            paths = {f"{module.__name__}.{name}", f"{module.__name__}.{getattr(found, '__name__', name)}"}
            paths.add(f"{getattr(found, '__module__', '')}.{getattr(found, '__name__', name)}")
            if not ismodule(found) and callable(found) and not paths & described:
                yield f"{module.__name__}.{name} is not in the reference"


if __name__ == "__main__":
    main()

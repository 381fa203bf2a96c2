"""The settings of a run as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator

from lumentrace.engine.settings import Settings

HEADER = ("setting", "value", "default", "meaning")


def settings_rows(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Name, value, default and meaning of every setting."""
    defaults = settings.defaults()
    for name, value, meaning in settings.describe():
        yield name, _shown(value), _shown(defaults[name]), meaning


def _shown(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_shown, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_shown(inner)}" for key, inner in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value) or "empty"

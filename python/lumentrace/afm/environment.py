"""What a record says about when and with what it was made."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

import lumentrace
from lumentrace.base.provenance import environment, now

DEPENDENCIES = ("scipy", "scikit-image", "scikit-learn", "h5py")


def stamp() -> str:
    """The present moment, ISO 8601 in UTC."""
    return in_utc(now().isoformat(timespec="microseconds"))


def in_utc(moment: str) -> str:
    """A moment, ISO 8601 in UTC, as records write it."""
    return moment.replace("+00:00", "Z")


def versions() -> dict[str, str]:
    """What a result may depend on."""
    found = environment()
    record = {
        "timestamp": stamp(),
        "python_version": found["python"],
        "platform": found["platform"],
        "lumentrace_version": lumentrace.__version__,
        "numpy_version": found["numpy"],
    }
    for name in DEPENDENCIES:
        try:
            record[f"{name}_version"] = version(name)
        except PackageNotFoundError:
            continue
    return record

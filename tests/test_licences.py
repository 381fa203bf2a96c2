"""What lumentrace needs at run time may be used by anybody: no licence that binds those who pass it on."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, metadata, requires

import pytest

packaging = pytest.importorskip("packaging.requirements", reason="needs packaging to read requirements")

PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|PSF|Python Software Foundation|HPND|Zlib|CC0|Unlicense"
    r"|MPL-2\.0|Mozilla Public License 2\.0)\b"
)
BINDING = re.compile(r"\b(A?GPL|GNU|SSPL|proprietary|non-?commercial)\b", re.IGNORECASE)


def is_permissive(licence: str) -> bool:
    """Whether all parts of a licence expression, or one of the alternatives of each, are permissive."""
    parts = re.split(r"\bAND\b", licence.replace("(", "").replace(")", ""))
    alternatives = [re.split(r"\bOR\b", part) for part in parts]
    return all(any(PERMISSIVE.search(one) and not BINDING.search(one) for one in each) for each in alternatives)


def licence_of(name: str) -> str:
    """What a package says of its licence: an expression, classifiers, or the first line of a text."""
    about = metadata(name)
    classifiers = [each.split(" :: ")[-1] for each in about.get_all("Classifier") or [] if "License" in each]
    text = (about.get("License") or "").strip().splitlines()
    return about.get("License-Expression") or " AND ".join(classifiers) or (text[0] if text else "")


def needed(name: str, found: dict[str, str]) -> dict[str, str]:
    """Licences of all packages that one needs without extras, and of those that these need."""
    for line in requires(name) or []:
        requirement = packaging.Requirement(line)
        if requirement.name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        try:
            found[requirement.name] = licence_of(requirement.name)
        except PackageNotFoundError:
            pytest.skip(f"{requirement.name}, which {name} needs, is not installed")
        needed(requirement.name, found)
    return found


def test_all_that_is_needed_at_run_time_is_permissive() -> None:
    try:
        found = needed("lumentrace", {})
    except PackageNotFoundError:
        pytest.skip("lumentrace is not installed")
    assert {"numpy", "scipy", "polars", "h5py"} <= found.keys()
    assert {name: licence for name, licence in found.items() if not is_permissive(licence)} == {}


@pytest.mark.parametrize(
    ("licence", "permissive"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND (MIT OR GPL-3.0-only)", True),
        ("MIT AND GPL-3.0-or-later", False),
        ("GNU General Public License v3 (GPLv3)", False),
        ("AGPL-3.0", False),
        ("", False),
    ],
)
def test_a_binding_licence_is_told_from_a_permissive_one(licence: str, permissive: bool) -> None:
    assert is_permissive(licence) is permissive

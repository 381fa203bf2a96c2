"""What is said about the package in several places is the same in all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]["version"]


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """The conda recipe, as conda-build renders it."""
    jinja2 = pytest.importorskip("jinja2")
    template = jinja2.Template(
        (ROOT / "packaging/conda/meta.yaml").read_text("utf-8"), undefined=jinja2.StrictUndefined
    )
    tools = {name: lambda language, name=name: f"{language}_{name}" for name in ("compiler", "stdlib")}
    return yaml.safe_load(template.render(PYTHON="python", **tools))


def test_the_conda_recipe_needs_what_the_package_needs(recipe: dict[str, Any]) -> None:
    needed = [each.replace(" ", "") for each in recipe["requirements"]["run"]]
    assert needed[0] == "python"
    assert sorted(needed[1:]) == sorted(PROJECT["dependencies"])
    assert recipe["package"] == {"name": PROJECT["name"], "version": VERSION}
    assert recipe["about"]["license"] == PROJECT["license"]
    assert all((ROOT / name).is_file() for name in recipe["about"]["license_file"])
    name, target = recipe["build"]["entry_points"][0].split(" = ")
    assert PROJECT["scripts"] == {name: target}


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == VERSION
    assert " OR ".join(citation["license"]) == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"]


def test_the_page_tells_of_all_extras() -> None:
    page = (ROOT / "docs/install.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    assert told.keys() == PROJECT["optional-dependencies"].keys()
    for extra, needed in PROJECT["optional-dependencies"].items():
        for each in needed if extra != "all" else ():
            assert re.match(r"\w+", each)[0] in told[extra], extra
    assert PROJECT["urls"]["Homepage"] in page

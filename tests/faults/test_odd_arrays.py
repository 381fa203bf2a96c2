"""Arrays of any layout give what plain ones give; odd numbers give a result or an error that names an argument."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from array_functions import TAKING, arrays_of, called
from odd_arrays import CONTENTS, LAYOUTS, assert_same, plain
from valid_arguments import VALID

ALL = "LUMENTRACE_FAULT_SECONDS" in os.environ
"""Every kind of contents for every parameter, and not each third one."""
ELSEWHERE = {
    "lumentrace.stain.report.page.write_report": "takes the parts of a run, which `Outcome.report` hands to it",
    "lumentrace.coloc.report.page.write_report": "writes the pictures of a run, which `Outcome.report` hands to it",
}
REFUSED = ("objects", "words", "complex", "times")
CHANGED_IN_PLACE = ("pixels", "voxels")
TRIED = sorted(set(TAKING) - set(ELSEWHERE))


def changed(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, dict):
        return {name: change(item) for name, item in value.items()}
    return change(np.asarray(value))


def outcome(name: str, folder: Path, parameter: str = "", change: Callable[[Any], Any] | None = None) -> Any:
    """What a function gives, with one of its arguments changed; warnings other than ours are errors."""
    given = VALID[name](folder)
    if change is not None:
        given[parameter] = changed(given[parameter], change)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        result = plain(called(TAKING[name], given))
    return [result, *(plain(given[each]) for each in CHANGED_IN_PLACE if each in given)]


def test_every_function_that_takes_arrays_is_tried() -> None:
    assert set(VALID) | set(ELSEWHERE) == set(TAKING)
    assert len(TRIED) > 80


@pytest.mark.parametrize("name", TRIED)
def test_the_layout_of_an_array_does_not_matter(name: str, tmp_path: Path) -> None:
    expected = outcome(name, tmp_path)
    for parameter in arrays_of(TAKING[name]):
        for layout in LAYOUTS.values():
            assert_same(outcome(name, tmp_path, parameter, layout), expected)


def refusal(name: str, folder: Path, parameter: str, change: Callable[[Any], Any]) -> str | None:
    """What is told of a changed argument, if it is not taken."""
    try:
        outcome(name, folder, parameter, change)
    except (ValueError, TypeError, IndexError) as error:
        return f"{type(error).__name__}: {error}"
    return None


@pytest.mark.parametrize("name", TRIED)
def test_odd_numbers_give_a_result_or_an_error_that_names_an_argument(name: str, tmp_path: Path) -> None:
    names = [f"`{each}`" for each in inspect.signature(TAKING[name]).parameters]
    for number, parameter in enumerate(arrays_of(TAKING[name])):
        for place, (kind, change) in enumerate(CONTENTS.items()):
            if ALL or (place + number + len(name)) % 3 == 0:
                told = refusal(name, tmp_path, parameter, change)
                assert told is None or any(each in told for each in names), (parameter, kind, told)
                assert told is not None or kind not in REFUSED, (parameter, kind)

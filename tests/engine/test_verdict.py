"""Verdicts: what is wrong is not called good, and what is good is."""

from __future__ import annotations

import ast
import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

sys.path.append(str(Path(__file__).parents[2] / "benches"))
import channels
import verdicts
from command_line import lumentrace
from lumentrace import coloc
from lumentrace.base.provenance import Provenance
from lumentrace.coloc.run import Settings, run
from lumentrace.engine.record import RunRecord
from lumentrace.engine.verdict import Evidence, Reason, Verdict

PACKAGE = Path(__file__).parents[2] / "python" / "lumentrace"


@pytest.mark.parametrize("case", verdicts.CASES)
def test_good_is_good_and_spoiled_is_not(case: str) -> None:
    assert (verdicts.CASES[case](1).level == "good") == ("good" in case)


def test_a_verdict_is_as_bad_as_its_worst_reason_and_is_read_back(tmp_path: Path) -> None:
    reasons = Reason("not reliable", "a", "b", (Evidence("x", 1.5, "px", "1"),)), Reason("doubtful", "c", "d")
    record = RunRecord("coloc", {}, Provenance(), {}, verdict=Verdict(reasons))
    again = RunRecord.read(record.write(tmp_path / "run.json"))
    assert again == record
    assert json.loads((tmp_path / "run.json").read_text())["verdict"]["level"] == "not reliable"
    with pytest.raises(ValueError, match="doubtful"):
        Reason("bad", "a", "b")


def test_pages_of_a_film_taken_for_channels(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "film.tif", np.random.default_rng(0).poisson(30, (10, 32, 40)).astype(np.uint16))
    ended = lumentrace("coloc", tmp_path / "film.tif", "--out", tmp_path / "out")
    assert ended.returncode == 4
    assert "not reliable" in ended.stderr
    assert "--channel-axis" in ended.stderr
    assert lumentrace("coloc", tmp_path / "film.tif", "--out", tmp_path / "out", "--accept").returncode == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.index("✗ not reliable") < page.index('<dl class="figures">')


def test_costes_without_a_threshold_has_no_coefficients() -> None:
    a = np.random.default_rng(0).poisson(50, (64, 64)).astype(float)
    outcome = run({"a": a, "b": a.max() - a}, Settings(metrics=("pcc", "mcc")))
    row = outcome.table.row(0, named=True)
    assert row["costes"] == "slope<=0"
    assert all(math.isnan(row[name]) for name in ("m1", "m2", "threshold_a", "threshold_b"))
    assert "no threshold" in row["reason"]
    assert any("found no threshold" in reason.text for reason in outcome.verdict.reasons)


def test_few_pixels_have_no_p_value() -> None:
    a = np.random.default_rng(0).random((3, 3))
    row = coloc.colocalization_table({"a": a, "b": a**2}, metrics="pcc").row(0, named=True)
    assert math.isnan(row["pcc_pvalue"])
    assert row["pcc"] > 0.5
    assert "at least 10 pixels" in row["reason"]


def test_bumps_without_objects_are_not_reliable() -> None:
    verdict = verdicts.CASES["afm no object"](1)
    assert verdict.level == "not reliable"
    assert any("found nothing though the film has bumps" in reason.text for reason in verdict.reasons)


def test_an_intensity_image_is_no_label_image() -> None:
    verdict = verdicts.CASES["coloc intensities as labels"](1)
    assert verdict.level == "not reliable"
    assert any("labels look like intensities" in reason.text for reason in verdict.reasons)


def test_a_report_never_shows_a_p_value_of_zero(tmp_path: Path) -> None:
    outcome = run(channels.pair(1), Settings(metrics=("pcc",)))
    assert outcome.table["pcc_pvalue"][0] < 1e-16
    assert "&lt; 1e-16" in outcome.report(tmp_path / "report.html").read_text()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*/judgement*.py")), ids=lambda path: path.parent.name)
def test_advice_names_options_and_nothing_of_python(path: Path) -> None:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
    lines = [text for text in texts if isinstance(text, str) and "\n" not in text]
    assert [text for text in lines if re.search(r"=(True|False|None)|\w\(\)|\b[A-Z][a-z]+[A-Z]\w+", text)] == []

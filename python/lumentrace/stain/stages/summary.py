"""What a run has found in plain values, and a table of many."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from lumentrace.engine.progress import Verbose
from lumentrace.engine.verdict import Verdict
from lumentrace.stain.judgement import judge
from lumentrace.stain.stages.outcome import Outcome
from lumentrace.stain.stages.pipeline import Finished, run_stages
from lumentrace.stain.stages.task import FIRST, LAST, Task

logger = logging.getLogger(__name__)

EXPECTED = (OSError, ValueError, MemoryError, ImportError, RuntimeError)
"""What ends a task with a message; anything else is a defect."""

Result = dict[str, Any]


def attempt(
    task: Task,
    from_stage: int | None = None,
    to_stage: int | None = None,
    force: bool = False,
    force_run: bool = False,
    verbose: Verbose = False,
) -> Result:
    """Run the stages that are not done yet; see `SampleDye.run`."""
    first, last = from_stage or FIRST, to_stage or LAST
    if not FIRST <= first <= last <= LAST:
        raise ValueError(f"expected stages from {FIRST} to {LAST}, found {from_stage} to {to_stage}")
    try:
        return _told(task, run_stages(task, last, verbose, first if force else None, force_run))
    except EXPECTED as error:
        logger.info("%s failed", task.folder, exc_info=True)
        return {"status": f"error: {error}"}


def _told(task: Task, found: Finished) -> Result:
    registered = found.fine or found.rough
    if registered is None:
        return {"status": "complete"}
    map_ = registered.registration
    result = {"status": "complete", "registration_ok": map_.ok, "registration_error_px": map_.error_px}
    if found.fine is not None:
        result |= _judged(judge(map_))
        if not map_.ok:
            result["status"] = f"unreliable: {'; '.join(map_.reasons)}"
    if found.measured is not None:
        outcome = Outcome.of(task, found)
        outcome.settle()
        result |= _measured(outcome) | _judged(outcome.verdict)
    return result


def _judged(verdict: Verdict) -> Result:
    told = [f"{each.level}: {each.why}. Next: {each.advice}" for each in verdict.reasons]
    return {"verdict": verdict.level, "reasons": told}


def _measured(outcome: Outcome) -> Result:
    """What the documented result of a run says about scales and spots."""
    fitted = outcome.scales[0].to_dict()
    percentile = [scale.value for scale in outcome.scales if scale.method.startswith("percentile")]
    return {
        "scale_estimate": fitted["value"],
        "scale_error": fitted["error"],
        "scale_percentile_value": percentile[0] if percentile else None,
        "manual_scale": outcome.settings.manual_scale,
        "spots": len(outcome.spots),
        "warnings": list(outcome.warnings),
        "report": str(outcome.place(outcome.folder, "report", ".html")),
    }


def summary_table(results: Sequence[Result]) -> str:
    """Sample, dye, scale, verdict and status of each task, and below what went wrong."""
    rows = [("sample", "dye", "scale", "spots", "error px", "verdict", "status")]
    for result in results:
        scale, error = result.get("scale_estimate"), result.get("registration_error_px")
        rows.append(
            (
                result["sample"],
                result["dye"],
                "" if scale is None else f"{scale:.4f}",
                str(result.get("spots", "")),
                "" if error is None else f"{error:.2f}",
                result.get("verdict", ""),
                result["status"].split(":")[0],
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    problems = [f"  {result['sample']}/{result['dye']}: {text}" for result in results for text in _problems(result)]
    return "\n".join([*lines, *(["", "Problems:", *problems] if problems else [])])


def _problems(result: Mapping[str, Any]) -> list[str]:
    """What went wrong with a task, and what to keep in mind of its result."""
    if result["status"].startswith("error: "):
        return [result["status"]]
    reasons = result.get("reasons", [])
    return [*reasons, *(each for each in result.get("warnings", []) if not any(each in reason for reason in reasons))]

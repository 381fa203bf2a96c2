"""The judgement of a registration as the verdict that all techniques share."""

from __future__ import annotations

from lumentrace.engine.verdict import NOT_RELIABLE, Evidence, Reason, Verdict
from lumentrace.stain.registration.result import Registration

ADVICE = {
    "by one map": "set local_model=True, or cut the image into regions",
    "of the parts agree": "check that both images are of the same sample and field of view; look at the overlay",
    "have texture": "take a larger field of view",
    "lies in the pre-stain image": "take images whose fields of view overlap more",
    "both images are the same": "look whether one file is a copy of the other",
    "no map between": "check that both images are of the same sample, and which objectives they were taken with",
}
"""What to do next, by words of the reason."""


def judge(registration: Registration) -> Verdict:
    """The verdict: not reliable for each reason of the registration not to be trusted."""
    evidence = (
        Evidence("error", registration.error_px, "px", "below 0.1"),
        Evidence("parts that agree", registration.agreeing, "", "above 0.9"),
        Evidence("overlap", registration.overlap, "", "above 0.9"),
    )
    return Verdict(tuple(Reason(NOT_RELIABLE, text, _advice(text), evidence) for text in registration.reasons))


def _advice(text: str) -> str:
    return next((advice for words, advice in ADVICE.items() if words in text), "look at the overlay before and after")

"""How often good runs are called good, and spoiled ones: python benches/verdicts.py [runs [words of cases]]."""

from __future__ import annotations

import sys
from collections.abc import Callable

import channels
import experiments
import films
import photographs
import recordings
from lumentrace.engine.verdict import GOOD, Verdict

CASES: dict[str, Callable[[int], Verdict]] = {
    **channels.CASES,
    **recordings.CASES,
    **films.CASES,
    **experiments.CASES,
    **photographs.CASES,
}


def main(runs: int, words: str) -> None:
    """Print a line for each case whose name begins with the words."""
    print(f"| case | runs | called good |\n|{'---|' * 3}")
    for name, verdict in ((name, verdict) for name, verdict in CASES.items() if name.startswith(words)):
        good = sum(verdict(seed).level == GOOD for seed in range(1000, 1000 + runs))
        print(f"| {name} | {runs} | {good / runs:.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, " ".join(sys.argv[2:]))

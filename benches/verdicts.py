"""How often good runs are called good, and spoiled ones: python benches/verdicts.py [runs [words of kinds]].

So many good runs of each technique, and as many spoiled ones, spread evenly over their kinds; all of one kind if the
words name one: ``python benches/verdicts.py 200 pept``, ``python benches/verdicts.py 200 coloc shuffled``.
"""

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


FIRST = 1000
"""The first seed; no bound was chosen on seeds from it on."""


def main(runs: int, words: str) -> None:
    """Print a line for each kind whose name begins with the words, and one for all kinds of its group."""
    print(f"| kind | runs | called good |\n|{'---|' * 3}")
    for group in dict.fromkeys(map(group_of, CASES)):
        kinds = [name for name in CASES if group_of(name) == group and name.startswith(words)]
        share = -(-runs // max(len(kinds), 1))
        found = [called_good(name, share) for name in kinds]
        if len(kinds) > 1:
            print(f"| **{group}** | {share * len(kinds)} | {sum(found) / (share * len(kinds)):.1%} |", flush=True)


def group_of(name: str) -> str:
    """Technique, and whether runs of this kind are good."""
    technique, kind = name.split(" ", 1)
    return f"{technique} {'good' if kind.startswith('good') else 'spoiled'}"


def called_good(name: str, runs: int) -> int:
    """How many runs of a kind are called good."""
    good = sum(CASES[name](seed).level == GOOD for seed in range(FIRST, FIRST + runs))
    print(f"| {name} | {runs} | {good / runs:.1%} |", flush=True)
    return good


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, " ".join(sys.argv[2:]))

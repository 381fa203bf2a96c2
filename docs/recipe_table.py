"""Prints the table of docs/pept/which-recipe.md: ``python docs/recipe_table.py``."""

from __future__ import annotations

from pathlib import Path

from pictures import names_of

PAGE = Path(__file__).resolve().parent / "pept" / "which-recipe.md"
CASES = [(42, 0.5, 1), (42, 0.8, 1), (42, 0.8, 3), (300, 0.5, 1), (300, 0.8, 3)]
"""Turns per minute, share of noise, number of tracers."""


def main() -> None:
    compare = names_of(PAGE)["compare"]
    found = [compare(*case) for case in CASES]
    print("| recipe |", *(f"{count} x {rpm} rpm, {100 * noise:.0f} % noise |" for rpm, noise, count in CASES))
    print(f"|---|{'---|' * len(CASES)}")
    for name in found[0]:
        cells = (cell(each.get(name), case[-1]) for each, case in zip(found, CASES, strict=True))
        print(f"| `{name}` | {' | '.join(cells)} |")


def cell(found: tuple[float, int] | None, tracers: int) -> str:
    """The median error, and the number of trajectories if it is another one than that of the tracers."""
    if found is None:
        return ""
    error, trajectories = found
    return f"{error:.2f}" if trajectories == tracers else f"{error:.2f} ({trajectories})"


if __name__ == "__main__":
    main()

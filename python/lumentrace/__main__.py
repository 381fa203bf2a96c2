"""The command ``lumentrace``, also as ``python -m lumentrace``: Ctrl-C ends it in a line from its first import on."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command."""
    try:
        from lumentrace.cli.main import main as run

        run()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":  # MPI workers import it
    main()

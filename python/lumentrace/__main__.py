"""``python -m lumentrace`` is the command ``lumentrace``."""

from lumentrace.cli.main import main

main()

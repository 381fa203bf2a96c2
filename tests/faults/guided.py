"""Damage guided by what it reaches: ``python tests/faults/guided.py NAME FOLDER [-runs=N ...]``.

The parser or reader of this name (tables `PARSERS` and `READERS`) is called with versions of its file that libFuzzer
makes, by way of atheris (``pip install atheris``), which sees the lines and comparisons of ours that each of them comes
to. Versions that come further are kept in the folder, from which the next run goes on. Stops at the first error that is
none of the documented ones, or does not name the file. What follows the folder are options of libFuzzer.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

LONGEST = 4096
"""Bytes of a version; twice those of the sound file if that is more."""


def main() -> None:
    """Fuzz one parser or reader."""
    import atheris

    with atheris.instrument_imports(include=["lumentrace"]):
        from faults.parsers import PARSERS
        from faults.readers import READERS

    name, place, *options = sys.argv[1:]
    reader, folder = (READERS | PARSERS)[name], Path(place)
    for each in ("corpus", "file"):
        (folder / each).mkdir(parents=True, exist_ok=True)
    path = reader.place(folder / "file")
    sound = path.read_bytes()
    (folder / "corpus" / "sound").write_bytes(sound)
    names = (path.name, *reader.told)

    def once(version: bytes) -> None:
        path.write_bytes(reader.mend(version))
        try:
            reader.read(path)
        except reader.kinds as error:
            if not any(each in str(error) for each in names):
                raise AssertionError(f"without the file: {error}") from error

    warnings.simplefilter("ignore")
    longest = max(LONGEST, 2 * len(sound))
    found = f"-artifact_prefix={folder}/"
    atheris.Setup([sys.argv[0], f"-max_len={longest}", found, *options, str(folder / "corpus")], once)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Whatever writes files in the package is tried by `writers`, so that a new one cannot be forgotten."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import lumentrace
from writers import ROOMS, Writer

PACKAGE = Path(lumentrace.__file__).parent
MODE = re.compile(r"[rwax][bt+]*")
OPENS = {"open", "File", "fdopen"}
WRITES = {
    *("replacing", "replaced_through_sink", "put_in_place", "tiled_tiff", "write_text", "write_bytes", "touch"),
    *("TiffWriter", "savefig", "write_html", "write_image", "savemat", "savetxt", "savez_compressed", "tofile"),
    *("write_parquet", "sink_parquet", "write_excel", "copyfile", "copytree", "copy2", "move", "truncate"),
    *("deserialize", "TemporaryFile", "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp"),
}
NOT_TRIED = {
    "base/big_array.py": "a temporary file without a name",
    "cli/convert.py": "goes through `cli/table_files.py` and `storage/images/writing.py`",
    "cli/settings_file.py": "one `replacing`, of a text",
    "cli/stain_backsub.py": "one `replacing`, of a table in memory",
    "coloc/napari_widget.py": "needs Qt; `replacing` around what `storage: table` tries",
    "napari/writing.py": "goes through `storage/images/writing.py` and writers of tables",
    "pept/utilities/row_table.py": "a temporary file without a name",
    "plots/frames.py": "one `replacing`, of what is in memory",
    "plots/subplots.py": "one `replacing`, of what is in memory",
    "stain/files/planes.py": "a temporary file without a name",
    "stain/stages/batch.py": "a temporary folder of one process",
    "stain/stages/runlog.py": "lines of a log, whose loss is no harm",
    "storage/guard.py": "asks through a pipe",
    "storage/guard_child.py": "answers through a pipe",
    "storage/guard_messages.py": "answers through a pipe",
    "storage/pickles.py": "a temporary folder, of which `storage.save` makes the file",
    "twophoton/exchange/kept.py": "a file in memory",
    "storage/sink.py": "what the other writers go through",
}


def _writes(call: ast.Call) -> bool:
    """Whether a call looks as if it wrote a file."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in OPENS:
        given = [*call.args, *(word.value for word in call.keywords if word.arg == "mode")]
        modes = {each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)}
        return any(MODE.fullmatch(mode) and set(mode) & set("wax+") for mode in modes)
    return name in WRITES or ast.unparse(call.func) in ("os.replace", "os.rename", "os.link", "sqlite3.connect")


def _files_that_write() -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(each, ast.Call) and _writes(each) for each in ast.walk(tree)):
            found.add(path.relative_to(PACKAGE).as_posix())
    return found


def _tried() -> set[str]:
    tables: list[dict[str, Writer]] = [import_module(f"writers.{room}").WRITERS for room in ROOMS]
    return {file for table in tables for writer in table.values() for file in writer.covers}


def test_each_file_that_writes_is_tried_or_says_why_not() -> None:
    tried = _tried() | NOT_TRIED.keys()
    assert sorted(_files_that_write() - tried) == []
    assert [file for file in sorted(tried) if not (PACKAGE / file).exists()] == []


@pytest.mark.parametrize(
    ("code", "writes"),
    [
        ("open(path, 'w')", True),
        ("open(path, mode='xb')", True),
        ("path.open('r+b')", True),
        ("h5py.File(sink, 'w', libver=LAYOUT)", True),
        ("path.write_text(text)", True),
        ("open(path, 'rb')", False),
        ("open(path)", False),
        ("open('raw')", False),
    ],
)
def test_what_looks_as_if_it_wrote(code: str, writes: bool) -> None:
    call = ast.parse(code).body[0]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert _writes(call.value) == writes

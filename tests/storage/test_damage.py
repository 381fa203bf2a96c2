"""Files that are damaged, hostile or not ours are refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from lumentrace import FormatError, LineData, load, save
from lumentrace.storage import container, from_bytes
from tables import exact, points, rich_points
from twins.container import sign, twin_checksum


# ---------------------------------------------------------------------- files that are not ours
def test_missing_files_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.h5")
    with pytest.raises(FileNotFoundError):
        save(tmp_path / "none" / "a.h5", 1)
    with pytest.raises(IsADirectoryError):
        load(tmp_path)
    with pytest.raises(IsADirectoryError):
        save(tmp_path, 1)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value", [np.arange(3), {"a": 1}, [1, 2], points(3), np.float64(1)], ids=lambda v: type(v).__name__
)
def test_pickles_are_never_opened(tmp_path, protocol, value):
    import pickle

    (tmp_path / "a.pickle").write_bytes(pickle.dumps(value, protocol))
    with pytest.raises(FormatError, match=r"a\.pickle") as caught:
        load(tmp_path / "a.pickle")
    assert protocol < 2 or "lumentrace import-pickle" in str(caught.value)


def test_other_files(tmp_path):
    rng = np.random.default_rng(0)
    signature = b"\x89HDF\r\n\x1a\n"
    for content in [b"", b"\x89", signature, b"t x y z\n1 2 3 4\n", *(rng.bytes(2000) for _ in range(20))]:
        for start in (b"", signature):
            (tmp_path / "a.h5").write_bytes(start + content)
            with pytest.raises(FormatError, match=r"a\.h5"):
                load(tmp_path / "a.h5")
    with h5py.File(tmp_path / "b.h5", "w") as h5:
        h5["data"] = np.arange(3)
    with pytest.raises(FormatError, match=r"HDF5 file of another program.*b\.h5"):
        load(tmp_path / "b.h5")


def test_data_changed_by_another_program(tmp_path):
    save(tmp_path / "a.h5", points(30))
    with h5py.File(tmp_path / "a.h5", "r+") as h5:
        h5["data"][7, 2] += 1e-12
    with pytest.raises(FormatError, match=r"`data`.*checksum.*a\.h5"):
        load(tmp_path / "a.h5")
    save(tmp_path / "a.h5", points(30))
    with h5py.File(tmp_path / "a.h5", "r+") as h5:
        text = h5["metadata.json"][()]
        del h5["metadata.json"]
        h5["metadata.json"] = np.bytes_(text.replace(b'"error"', b'"terror"'))
    with pytest.raises(FormatError, match=r"`checksum`.*metadata"):
        load(tmp_path / "a.h5")


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.h5"
    save(path, rich_points())
    return path.read_bytes()


@pytest.fixture(scope="module")
def compressed_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.h5"
    table = points(900, _lines=LineData(np.arange(7000).reshape(-1, 7)))
    save(path, table, compress=True)
    return path.read_bytes()


def refused_or(expected, path, content, **options):
    path.write_bytes(content)
    try:
        found = load(path, **options)
    except FormatError as error:
        return path.name in str(error)
    assert exact(found) == expected
    return False


@pytest.mark.parametrize("kind", ["sound_file", "compressed_file"])
@pytest.mark.parametrize("width", [1, 8, 512])
def test_damaged_bytes_never_give_wrong_data(tmp_path, request, kind, width):
    whole = request.getfixturevalue(kind)
    (tmp_path / "a.h5").write_bytes(whole)
    expected = exact(load(tmp_path / "a.h5"))
    rng = np.random.default_rng(width)
    trials, refused = (300 if width == 1 else 100), 0
    for position in rng.integers(0, len(whole), trials):
        damaged = bytearray(whole)
        if width == 1:
            damaged[position] ^= 1 << int(rng.integers(8))
        else:
            damaged[position : position + width] = rng.bytes(min(width, len(whole) - position))
        refused += refused_or(expected, tmp_path / "a.h5", damaged)
    assert refused > trials / 2


def test_truncated_files_are_refused(tmp_path, sound_file):
    for length in np.linspace(0, len(sound_file) - 1, 200).astype(int):
        for options in ({}, {"memory_map": True}):
            assert refused_or(None, tmp_path / "a.h5", sound_file[:length], **options), length


# ---------------------------------------------------------------------- hostile files with sound checksums
def hostile(file, make, **entry):
    """A container whose array is made by `make(h5)` and described by `entry`, with valid checksums."""
    described = {"path": "data", "dtype": "<f8", "shape": [4, 4], "checksum": twin_checksum(np.zeros((4, 4))), **entry}
    with h5py.File(file, "w") as h5:
        make(h5)
        sign(h5, json.dumps({"arrays": [described], "value": {"$array": 0}}).encode())


def test_forged_file_is_read_if_nothing_is_wrong(tmp_path):
    hostile(tmp_path / "a.h5", lambda h5: h5.create_dataset("data", data=np.zeros((4, 4))))
    assert load(tmp_path / "a.h5").shape == (4, 4)


@pytest.mark.parametrize("rows", [[0, 5], [-1, 2], [3, 1], [4, 9], "ab", [0.5, 1], [0]])
def test_rows_that_an_array_does_not_have(tmp_path, rows):
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        h5["data"] = np.zeros((4, 4))
        entry = {"path": "data", "dtype": "<f8", "shape": [4, 4], "checksum": twin_checksum(np.zeros((4, 4)))}
        sign(h5, json.dumps({"arrays": [entry], "value": {"$array": 0, "rows": rows}}).encode())
    for options in ({}, {"memory_map": True}):
        with pytest.raises(FormatError, match=r"a\.h5"):
            load(tmp_path / "a.h5", **options)


def external_file(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as h5:
        h5["data"] = np.zeros((4, 4))
    (tmp_path / "secret.bin").write_bytes(bytes(128))
    return tmp_path


def external_storage(h5):
    h5.create_dataset("data", (4, 4), "f8", external=[(str(Path(h5.filename).parent / "secret.bin"), 0, 128)])


def virtual(h5):
    layout = h5py.VirtualLayout((4, 4), "f8")
    layout[:] = h5py.VirtualSource(str(Path(h5.filename).parent / "secret.h5"), "data", (4, 4))
    h5.create_virtual_dataset("data", layout)


def soft_link(h5):
    h5["other"] = np.zeros((4, 4))
    h5["data"] = h5py.SoftLink("/other")


def external_link(h5):
    h5["data"] = h5py.ExternalLink(str(Path(h5.filename).parent / "secret.h5"), "/data")


def external_group(h5):
    h5["data"] = h5py.ExternalLink(str(Path(h5.filename).parent / "secret.h5"), "/")


NOT_INSIDE = r"a\.h5: data(/data)?: expected data in the file itself|`data`: expected a data set in this file.*a\.h5"


@pytest.mark.parametrize("make", [external_link, external_storage, virtual, soft_link, external_group])
def test_no_other_file_is_opened(tmp_path, make):
    path = external_file(tmp_path) / "a.h5"
    hostile(path, make, path="data/data" if make is external_group else "data")
    for options in ({}, {"memory_map": True}):
        with pytest.raises(FormatError, match=NOT_INSIDE):
            load(path, **options)
    with pytest.raises(FormatError, match="expected a data set in this file"):
        from_bytes(path.read_bytes())


@pytest.mark.parametrize(
    "make",
    [
        lambda h5: h5.create_dataset("data", (10**7, 10**7), "f8"),
        lambda h5: h5.create_dataset("data", (10**7, 10**7), "f8", chunks=(10**3, 10**3)),
        lambda h5: h5.create_dataset("data", (10**7, 10**7), "f8", chunks=(10**3, 10**3), compression="gzip"),
        lambda h5: h5.create_dataset("data", (10**9, 10**9, 4), "f8", chunks=(1, 10, 4)),
    ],
)
def test_claimed_sizes_are_not_believed(tmp_path, make):
    with h5py.File(tmp_path / "shape.h5", "w") as h5:
        shape = list(make(h5).shape)
    hostile(tmp_path / "a.h5", make, shape=shape)
    with pytest.raises(FormatError, match=r"a\.h5: data: claims [\d,]+ bytes"):
        load(tmp_path / "a.h5")
    with pytest.raises(FormatError, match=r"needs \d+ bytes.*cannot hold"):
        from_bytes((tmp_path / "a.h5").read_bytes())


def test_unknown_filters_are_refused(tmp_path):
    hostile(
        tmp_path / "a.h5", lambda h5: h5.create_dataset("data", data=np.zeros((4, 4)), scaleoffset=3, chunks=(4, 4))
    )
    with pytest.raises(FormatError, match="filters"):
        load(tmp_path / "a.h5")


@pytest.mark.parametrize(
    "entry",
    [
        {"shape": [16]},
        {"shape": "many"},
        {"dtype": "<i8"},
        {"dtype": "O"},
        {"dtype": "M8[s]"},
        {"dtype": "S8"},
        {"dtype": "<f8,<f8"},
        {"path": "nothing"},
        {"path": "metadata.json"},
        {"path": "/"},
        {"path": 3},
        {"checksum": None},
    ],
    ids=str,
)
def test_descriptions_that_do_not_fit(tmp_path, entry):
    hostile(tmp_path / "a.h5", lambda h5: h5.create_dataset("data", data=np.zeros((4, 4))), **entry)
    with pytest.raises(FormatError, match=r"a\.h5"):
        load(tmp_path / "a.h5")


def mutate(node, rng):
    """`node` with one random place replaced by something unexpected."""
    odd = [None, -1, 2**70, 1e300, "x", [], {}, {"$array": 0}, {"$array": 99}, {"$same": 5}, {"$tuple": 3}, {"$": 1}]
    odd += [{"$scalar": "<f8", "value": "a"}, {"$dict": [[[], 1]]}, {"$bytes": "!"}, {"$object": "TimeWindow"}]
    if not isinstance(node, (list, dict)) or not node or rng.random() < 0.15:
        return odd[rng.integers(len(odd))]
    keys = list(node) if isinstance(node, dict) else range(len(node))
    key = keys[rng.integers(len(keys))]
    copy = dict(node) if isinstance(node, dict) else list(node)
    copy[key] = mutate(node[key], rng)
    return copy


def test_signed_nonsense_is_refused_or_read(tmp_path, sound_file):
    (tmp_path / "a.h5").write_bytes(sound_file)
    with h5py.File(tmp_path / "a.h5") as h5:
        document = json.loads(h5["metadata.json"][()])
    rng = np.random.default_rng(5)
    refused = 0
    for i in range(300):
        with h5py.File(tmp_path / "a.h5", "r+") as h5:
            sign(h5, json.dumps(mutate(document, rng)).encode())
        try:
            load(tmp_path / "a.h5", memory_map=bool(i % 2))
        except FormatError:
            refused += 1
    assert refused > 100


def test_deeply_nested_metadata(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as h5:
        sign(h5, b'{"arrays": [], "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    with pytest.raises(FormatError):
        load(tmp_path / "a.h5")


def test_the_layout_is_described_in_the_module():
    for word in ("metadata.json", "samples_indices", "checksum", "schema"):
        assert word in container.__doc__

"""What is kept comes back as it was, or not at all; a half file never stays behind."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from meshes import cache
from meshes.errors import GluteaError

SCALARS = "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64".split()


class Header(msgspec.Struct, frozen=True):
    name: str
    figures: list[float]


HEADER = Header("Os sacrum – kreuzbein", [1.5, -0.0, 1e-300])


def equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        one[k].dtype == other[k].dtype
        and one[k].shape == other[k].shape
        and one[k].tobytes() == other[k].tobytes()
        for k in one
    )


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        "part/vertices_mm": rng.normal(size=(7, 3)).astype(np.float32),
        "part/triangles": rng.integers(0, 7, (5, 3)).astype(np.int32),
        "part/field/tendon": rng.random(7).astype(np.float16),
    }


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "cache"
    monkeypatch.setenv("GLUTEA_CACHE", str(folder))
    yield folder


@pytest.mark.parametrize("dtype", SCALARS)
def test_every_dtype_comes_back_as_it_was(tmp_path: Path, dtype: str) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(dtype)
    kept = {"whole": values, "empty": values[:0], "strided": values[:, ::2, ::-1]}
    cache.save(tmp_path / "a", HEADER, kept)
    found = cache.load(tmp_path / "a", Header)
    assert found is not None
    header, arrays = found
    assert header == HEADER
    assert equal(arrays, kept)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    arrays=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        st.sampled_from(SCALARS).flatmap(lambda t: hnp.arrays(t, hnp.array_shapes(min_side=0))),
        max_size=4,
    ),
    name=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_any_arrays_come_back_as_they_were(
    tmp_path: Path, arrays: dict[str, np.ndarray], name: str
) -> None:
    header = Header(name, [0.1])
    cache.save(tmp_path / "a", header, arrays)
    found = cache.load(tmp_path / "a", Header)
    assert found is not None
    assert found[0] == header
    assert equal(found[1], arrays)


def test_a_flipped_bit_anywhere_is_noticed(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A bit of every byte of a small file in turn: what comes back is the truth, or nothing."""
    path = tmp_path / "a"
    cache.save(path, HEADER, arrays)
    whole = path.read_bytes()
    refused = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << (place * 5 % 8)
        path.write_bytes(damaged)
        found = cache.load(path, Header)
        if found is None:
            refused += 1
        else:
            assert found[0] == HEADER, f"byte {place}"
            assert equal(found[1], arrays), f"byte {place}"
    assert refused > 0.9 * len(whole)


def test_a_cut_or_lengthened_file_counts_as_absent(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    path = tmp_path / "a"
    cache.save(path, HEADER, arrays)
    whole = path.read_bytes()
    for length in range(0, len(whole), 3):
        path.write_bytes(whole[:length])
        assert cache.load(path, Header) is None
    path.write_bytes(whole + b"\0")
    assert cache.load(path, Header) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 4096, b"\xff" * 64, b"PK\x03\x04", b"ply\nformat ascii 1.0\n", b"{}" * 40],
    ids=["empty", "zeros", "ones", "zip", "ply", "json"],
)
def test_a_foreign_file_counts_as_absent(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert cache.load(tmp_path / "a", Header) is None


def test_a_safetensors_file_of_someone_else_counts_as_absent(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    from safetensors.numpy import save_file

    save_file(arrays, tmp_path / "a")
    assert cache.load(tmp_path / "a", Header) is None


def test_a_header_of_another_kind_counts_as_absent(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    class Other(msgspec.Struct):
        sides: dict[str, bool]

    cache.save(tmp_path / "a", HEADER, arrays)
    assert cache.load(tmp_path / "a", Other) is None
    assert cache.load(tmp_path, Header) is None, "a folder is no file"
    assert cache.load(tmp_path / "nowhere", Header) is None


def test_what_was_read_outlives_the_file(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A window that has opened a specimen keeps it while another process rebuilds the file."""
    cache.save(tmp_path / "a", HEADER, arrays)
    found = cache.load(tmp_path / "a", Header)
    assert found is not None
    (tmp_path / "a").write_bytes(b"\0" * 4096)
    (tmp_path / "a").unlink()
    assert equal(found[1], arrays)


def test_an_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GluteaError) as caught:
        cache.save(tmp_path / "file" / "a", HEADER, {})
    sentence = str(caught.value)
    assert str(tmp_path / "file") in sentence
    assert "GLUTEA_CACHE" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize("broken", ["write", "replace"])
def test_a_failure_while_writing_leaves_the_old_file_and_no_half_one(
    tmp_path: Path,
    arrays: dict[str, np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
) -> None:
    """The disk is full half way, or the rename fails: what was there before still is."""
    path = tmp_path / "a"
    cache.save(path, HEADER, arrays)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if broken == "replace":

        def no_rename(*_: object) -> None:
            raise full

        monkeypatch.setattr(os, "replace", no_rename)
    else:
        real = os.fdopen

        class HalfFile:
            def __init__(self, *args: Any) -> None:
                self._file = real(*args)

            def __enter__(self) -> "HalfFile":
                return self

            def __exit__(self, *_: object) -> None:
                self._file.close()

            def write(self, content: bytes) -> None:
                self._file.write(content[: len(content) // 2])
                raise full

        monkeypatch.setattr(os, "fdopen", HalfFile)
    with pytest.raises(GluteaError, match="No space left"):
        cache.save(path, Header("new", []), arrays)
    monkeypatch.undo()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]
    found = cache.load(path, Header)
    assert found is not None
    assert found[0] == HEADER


def test_stopping_while_writing_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(KeyboardInterrupt):
        cache.write_beside(tmp_path / "a", b"content")
    assert list(tmp_path.iterdir()) == []


class Maker:
    """Counts how often something had to be made."""

    def __init__(self, value: float = 1.0) -> None:
        self.calls, self.value = 0, value

    def __call__(self) -> tuple[Header, dict[str, np.ndarray]]:
        self.calls += 1
        return HEADER, {"values": np.full(9, self.value)}


def test_kept_makes_once_and_reopens(own_cache: Path) -> None:
    make = Maker()
    first = cache.kept("stage", "name", Header, make)
    again = cache.kept("stage", "name", Header, make)
    assert make.calls == 1
    assert first[0] == again[0]
    assert equal(dict(first[1]), dict(again[1]))
    cache.kept("stage", "other name", Header, make)
    cache.kept("other stage", "name", Header, make)
    assert make.calls == 3


def test_kept_rebuilds_what_is_damaged(own_cache: Path) -> None:
    make = Maker()
    cache.kept("stage", "name", Header, make)
    (file,) = (own_cache / "stage").iterdir()
    damaged = bytearray(file.read_bytes())
    damaged[-5] ^= 1
    file.write_bytes(damaged)
    _, arrays = cache.kept("stage", "name", Header, make)
    assert make.calls == 2
    np.testing.assert_array_equal(arrays["values"], 1.0)
    cache.kept("stage", "name", Header, make)
    assert make.calls == 2, "the rebuilt file is kept"


def test_kept_prefers_what_comes_with_the_program(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default atlas opens without a cache, and an old cache does not hide it."""
    monkeypatch.setattr(cache, "BUILT", tmp_path / "built")
    cache.save(tmp_path / "built" / "stage" / "name.safetensors", *Maker(2.0)())
    cache.save(own_cache / "stage" / "name.safetensors", *Maker(3.0)())
    make = Maker()
    _, arrays = cache.kept("stage", "name", Header, make)
    assert make.calls == 0
    np.testing.assert_array_equal(arrays["values"], 2.0)
    (tmp_path / "built" / "stage" / "name.safetensors").write_bytes(b"damaged")
    _, arrays = cache.kept("stage", "name", Header, make)
    np.testing.assert_array_equal(arrays["values"], 3.0)


def test_what_cannot_be_kept_is_used_all_the_same_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.unkept() == ""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "file"))
    header, arrays = cache.kept("stage", "name", Header, Maker(5.0))
    assert header == HEADER
    np.testing.assert_array_equal(arrays["values"], 5.0)
    said = cache.unkept()
    assert str(tmp_path / "file") in said
    assert "GLUTEA_CACHE" in said
    assert said.endswith(".")
    assert cache.unkept() == ""


def test_the_cache_folder_follows_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUTEA_CACHE", "~/somewhere")
    assert cache.cache_folder() == Path.home() / "somewhere"
    monkeypatch.setenv("GLUTEA_CACHE", "relative")
    assert cache.cache_folder() == Path.cwd() / "relative"
    monkeypatch.delenv("GLUTEA_CACHE")
    assert cache.cache_folder().name == "glutea"


def test_the_key_changes_when_code_or_a_table_does(tmp_path: Path) -> None:
    """Results outlive no change of what made them; other files do not matter."""

    def key_of(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        (folder / "sub").mkdir(parents=True)
        for name, text in files.items():
            (folder / name.replace("__", "/").replace("_", ".")).write_bytes(text.encode())
        return cache.code_key(folder)

    base = key_of(a_py="x = 1\n", sub__t_toml="limit = 5\n")
    assert base == key_of(a_py="x = 1\n", sub__t_toml="limit = 5\n")
    assert base == key_of(a_py="x = 1\r\n", sub__t_toml="limit = 5\r\n"), "a Windows checkout"
    assert base == key_of(a_py="x = 1\n", sub__t_toml="limit = 5\n", notes_md="!")
    others = [
        key_of(a_py="x = 2\n", sub__t_toml="limit = 5\n"),
        key_of(a_py="x = 1\n", sub__t_toml="limit = 6\n"),
        key_of(b_py="x = 1\n", sub__t_toml="limit = 5\n"),
        key_of(a_py="x = 1\n", sub__u_toml="limit = 5\n"),
        key_of(a_py="x = 1\n", sub__t_toml="limit = 5\n", c_py=""),
    ]
    assert len({base, *others}) == 6


def test_a_key_tells_its_ingredients_apart() -> None:
    keys = [
        cache.key("zones", (50.0, 60.0)),
        cache.key("zones", (50.0, 60.5)),
        cache.key("zones", [(50.0, 60.0)]),
        cache.key("zone", "s", (50.0, 60.0)),
        cache.key(),
    ]
    assert len(set(keys)) == len(keys)
    assert cache.key({"a": 1, "b": 2}) == cache.key({"b": 2, "a": 1})

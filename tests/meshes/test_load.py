"""Opening a specimen: from the cache where it is whole, else from its source, else one sentence."""

import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from meshes import cache, load, store
from meshes.errors import GluteaError
from meshes.load import best_at_hand, load_specimen, specimen_key, state
from meshes.sources import z_anatomy as z_anatomy_source
from meshes.sources.download import Cancelled, is_fetched, source_folder
from meshes.sources.registry import registry
from meshes.specimen import Landmark, Part, Specimen


def assert_same(one: Specimen, other: Specimen) -> None:
    """Every array and every figure."""
    assert list(one.parts) == list(other.parts)
    for name, part in one.parts.items():
        assert_same_part(part, other.parts[name])
    for side, marks in one.landmarks.items():
        assert list(marks) == list(other.landmarks[side])
        for name, mark in marks.items():
            assert_same_landmark(mark, other.landmarks[side][name])
    np.testing.assert_array_equal(one.frame_from_source, other.frame_from_source)
    for field in ("name", "title", "licence", "credits", "how_made"):
        assert getattr(one, field) == getattr(other, field)


def assert_same_part(one: Part, other: Part) -> None:
    for field in ("structure", "side", "origin", "note"):
        assert getattr(one, field) == getattr(other, field)
    pairs = [(getattr(one, f), getattr(other, f)) for f in ("vertices_mm", "triangles", "normals")]
    assert list(one.fields) == list(other.fields)
    pairs += [(values, other.fields[name]) for name, values in one.fields.items()]
    if one.triangle_origin is None or other.triangle_origin is None:
        assert one.triangle_origin is other.triangle_origin
    else:
        pairs.append((one.triangle_origin, other.triangle_origin))
    for mine, theirs in pairs:
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(mine, theirs, err_msg=one.id)


def assert_same_landmark(one: Landmark, other: Landmark) -> None:
    for field in ("name", "method", "uncertainty_mm", "structure", "on_surface", "radius_mm"):
        assert getattr(one, field) == getattr(other, field), one.name
    assert one.note == other.note
    np.testing.assert_array_equal(one.position_mm, other.position_mm)
    if one.polyline_mm is None or other.polyline_mm is None:
        assert one.polyline_mm is other.polyline_mm
    else:
        np.testing.assert_array_equal(one.polyline_mm, other.polyline_mm)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and nothing that comes with the program."""
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "BUILT", tmp_path / "nothing built")
    return tmp_path / "cache"


def test_storing_keeps_everything(specimen: Specimen) -> None:
    assert_same(store.unpack(*store.pack(specimen)), specimen)


def test_storing_keeps_mixed_origins_notes_and_fields(model: Specimen) -> None:
    """What later specimens need: origin a triangle, a part's own sentence, fields of any width."""
    part = model.parts["sacrum"]
    mixed = Part(
        "sacrum",
        "midline",
        "modelled",
        part.vertices_mm,
        part.triangles,
        part.normals,
        {"fibre": np.ones((len(part.vertices_mm), 3), np.float32)},
        np.arange(len(part.triangles)).astype(np.uint8) % 4,
        "The lowest third is modelled.",
    )
    headers, arrays = store.pack_parts([mixed])
    (back,) = store.unpack_parts(headers, arrays)
    assert_same_part(back, mixed)


def test_the_embedded_specimen_opens_again_from_its_cache(own_cache: Path) -> None:
    first = load_specimen("model")
    (file,) = (own_cache / "specimen").iterdir()
    assert file.name == f"model-{specimen_key('model')}.safetensors"
    written = file.stat().st_mtime_ns
    assert_same(load_specimen("model"), first)
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["bit", "cut", "foreign"])
def test_a_damaged_cache_is_rebuilt(own_cache: Path, damage: str) -> None:
    first = load_specimen("model")
    (file,) = (own_cache / "specimen").iterdir()
    content = bytearray(file.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 4
    file.write_bytes({"bit": content, "cut": content[: len(content) // 2], "foreign": b"x"}[damage])
    assert_same(load_specimen("model"), first)
    assert cache.load(file, store.SpecimenHeader) is not None, "and whole again"


def test_an_unwritable_cache_does_not_lose_the_specimen(
    own_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_specimen("model")
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "file"))
    assert_same(load_specimen("model"), first)
    assert re.search(r"cannot be written \(.*GLUTEA_CACHE to another folder", cache.unkept())


def test_a_specimen_that_is_not_here_says_how_to_get_it(own_cache: Path) -> None:
    """Nothing goes to the network unasked."""
    assert state("z-anatomy") == "available"
    with pytest.raises(GluteaError, match=r"glutea fetch z-anatomy, 2\.4 MB"):
        load_specimen("z-anatomy")
    assert not own_cache.exists()


def test_an_unknown_specimen_is_one_sentence(own_cache: Path) -> None:
    with pytest.raises(GluteaError, match="did you mean 'z-anatomy'"):
        load_specimen("z-anatom")


def test_the_best_specimen_at_hand(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real anatomy where it was fetched, else what comes with the program."""
    assert state("model") == "embedded"
    assert best_at_hand() == "model"
    for file in registry()["z-anatomy"].files:
        path = source_folder("z-anatomy") / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\0" * file.bytes)
    assert state("z-anatomy") == "cached"
    assert best_at_hand() == "z-anatomy"


def test_keys_tell_specimens_and_code_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    first = {specimen_key(name) for name in registry()}
    assert len(first) == len(registry())
    monkeypatch.setattr(cache, "code_key", lambda *_: "other code")
    assert first.isdisjoint({specimen_key(name) for name in registry()})


@pytest.mark.atlas
def test_from_a_damaged_download_to_the_same_specimen(
    own_cache: Path, upstream: Path, z_anatomy: Specimen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: one file flipped in one bit is fetched again, all is built as before, the
    bar only goes forward, and the next start takes a fraction of the time."""
    monkeypatch.setenv("GLUTEA_MIRROR", str(upstream))
    folder = source_folder("z-anatomy")
    folder.parent.mkdir(parents=True)
    shutil.copytree(upstream / "z-anatomy", folder)
    trunk = folder / "trunk.glb"
    content = bytearray(trunk.read_bytes())
    content[500_000] ^= 1
    trunk.write_bytes(content)
    assert is_fetched("z-anatomy"), "its size gives nothing away"
    steps: list[tuple[float, str]] = []
    start = time.perf_counter()
    built = load_specimen("z-anatomy", lambda share, text: steps.append((share, text)))
    building = time.perf_counter() - start
    assert trunk.read_bytes() == (upstream / "z-anatomy" / "trunk.glb").read_bytes()
    assert_same(built, z_anatomy)
    shares = [share for share, _ in steps]
    assert shares == sorted(shares)
    assert 0 <= shares[0]
    assert 0.9 < shares[-1] <= 1
    assert len(set(shares)) > 40
    assert all(text for _, text in steps)

    def unwanted(*_: object) -> None:
        raise AssertionError("opened from its source although it is in the cache")

    monkeypatch.setattr(load, "_build", unwanted)
    start = time.perf_counter()
    assert_same(load_specimen("z-anatomy"), built)
    assert time.perf_counter() - start < building / 5


@pytest.mark.atlas
def test_a_damaged_download_without_a_network_is_one_sentence(
    own_cache: Path, upstream: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = source_folder("z-anatomy")
    shutil.copytree(upstream / "z-anatomy", folder)
    (folder / "trunk.glb").write_bytes(b"\0" * registry()["z-anatomy"].files[1].bytes)
    monkeypatch.setenv("GLUTEA_MIRROR", str(tmp_path / "no such mirror"))
    with pytest.raises(GluteaError, match=r"mirror folder has no readable file .*trunk\.glb"):
        load_specimen("z-anatomy")
    assert not (folder / "trunk.glb").exists(), "the damaged file is thrown away"
    assert (folder / "lower-limb.glb").exists()


@pytest.mark.atlas
def test_cancelling_leaves_nothing_that_spoils_the_next_start(
    own_cache: Path, upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(upstream / "z-anatomy", source_folder("z-anatomy"))
    calls = [0]

    def soon() -> bool:
        calls[0] += 1
        return calls[0] > 6

    with pytest.raises(Cancelled):
        load_specimen("z-anatomy", cancelled=soon)
    assert not (own_cache / "specimen").exists()
    assert is_fetched("z-anatomy")
    monkeypatch.setattr(z_anatomy_source, "load", lambda *_: (_ for _ in ()).throw(Cancelled))
    with pytest.raises(Cancelled):
        load_specimen("z-anatomy")
    assert not (own_cache / "specimen").exists()

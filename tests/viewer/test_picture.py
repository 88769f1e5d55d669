"""Pictures as files: what they hold, and what is said when they cannot be written."""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from annotations.atlas import Atlas
from meshes.errors import GluteaError
from viewer.credits import MOST_NAMES, PURPOSE, credit_sentences, listed
from viewer.output.picture import save_picture, write_png
from viewer.presets import opening_state
from viewer.scene import Look, SceneState
from viewer.stage import Stage


def chunks(path: Path) -> list[tuple[bytes, bytes]]:
    """Name and body of every chunk of a PNG; the checksums must hold."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at, out = 8, []
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        (checksum,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert checksum == zlib.crc32(name + body)
        out.append((name, body))
        at += 12 + length
    return out


def texts(path: Path) -> dict[str, str]:
    """What a PNG says of itself."""
    found = {}
    for name, body in chunks(path):
        if name == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            found[keyword.decode("latin-1")] = rest[4:].decode()
    return found


def read(path: Path) -> np.ndarray:
    """The pixels of a PNG, (h, w, channels), top row first."""
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture)


def test_the_file_holds_what_the_stage_draws(tmp_path: Path, balls: Atlas) -> None:
    state = SceneState(looks={name: Look() for name in balls.parts}, labels=True)
    save_picture(balls, state, tmp_path / "a.png", 240, 160)
    stage = Stage()
    stage.set_atlas(balls)
    stage.apply(state)
    np.testing.assert_array_equal(read(tmp_path / "a.png"), stage.image(240, 160))
    stage.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_transparent_file_has_alpha(tmp_path: Path, balls: Atlas) -> None:
    state = SceneState(looks={"femur_right": Look()}, credit=False)
    save_picture(balls, state, tmp_path / "a.png", 200, 160, transparent=True)
    pixels = read(tmp_path / "a.png")
    assert pixels.shape == (160, 200, 4)
    assert set(np.unique(pixels[:2, :, 3])) == {0}
    assert pixels[..., 3].max() == 255


@pytest.mark.parametrize("credit", [True, False])
def test_licence_and_credit_are_always_in_the_file(
    tmp_path: Path, model_atlas: Atlas, credit: bool
) -> None:
    state = opening_state(model_atlas, model_atlas.request)
    state = msgspec.structs.replace(state, credit=credit)
    save_picture(model_atlas, state, tmp_path / "a.png", 64, 64)
    said = texts(tmp_path / "a.png")
    specimen = model_atlas.specimen
    assert specimen.title in said["Title"]
    assert said["Copyright"].startswith(specimen.licence)
    assert all(line in said["Author"] for line in specimen.credits)
    assert PURPOSE in said["Copyright"]
    assert "Modelled by Glutea: coccyx, muscles, ligaments" in said["Copyright"]
    assert "nerves, arteries" in said["Copyright"]


def test_texts_of_any_letters_survive(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    write_png(pixels, tmp_path / "a.png", {"Title": "Größe — © 日本 ½"})
    assert texts(tmp_path / "a.png") == {"Title": "Größe — © 日本 ½"}
    names = [name for name, _ in chunks(tmp_path / "a.png")]
    assert names[0] == b"IHDR" and names[-1] == b"IEND"


def test_pixels_come_back_as_they_went(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for channels in (3, 4):
        pixels = rng.integers(0, 256, (13, 7, channels), dtype=np.uint8)
        write_png(pixels, tmp_path / "a.png", {})
        np.testing.assert_array_equal(read(tmp_path / "a.png"), pixels)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.txt"])
def test_other_endings_are_refused_before_any_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(GluteaError, match=r"choose a name that ends in \.png"):
        save_picture(None, SceneState(), tmp_path / name, 100, 100)  # type: ignore[arg-type]


def test_capital_letters_in_the_ending_are_fine(tmp_path: Path, balls: Atlas) -> None:
    save_picture(balls, SceneState(), tmp_path / "A.PNG", 32, 32)
    assert read(tmp_path / "A.PNG").shape == (32, 32, 3)


@pytest.mark.parametrize("size", [(0, 100), (100, 15), (-5, 100), (20000, 100), (16000, 16000)])
def test_impossible_sizes_are_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(GluteaError, match="is too (small|large): take at"):
        save_picture(None, SceneState(), tmp_path / "a.png", *size)  # type: ignore[arg-type]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(GluteaError, match="is a folder"):
        save_picture(None, SceneState(), tmp_path / "a.png", 100, 100)  # type: ignore[arg-type]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    target = tmp_path / "file" / "a.png"
    with pytest.raises(GluteaError, match="could not be saved to .*choose another folder"):
        write_png(np.zeros((4, 4, 3), np.uint8), target, {})


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"old")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(GluteaError, match="No space left"):
        write_png(np.zeros((4, 4, 3), np.uint8), target, {})
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_credit_names_what_is_generated_only_while_it_is_shown(model_atlas: Atlas) -> None:
    few = ["inferior_gluteal_artery_left", "inferior_gluteal_nerve_left"]
    said = credit_sentences(model_atlas, few)
    assert "Modelled by Glutea: inferior gluteal artery and inferior gluteal nerve." in said
    assert "gluteal" not in " ".join(credit_sentences(model_atlas, ["sacrum"]))
    assert said[-1] == PURPOSE


def test_credit_groups_many_generated_structures_by_kind(model_atlas: Atlas) -> None:
    tubes = list(model_atlas.tubes)
    assert len(tubes) > MOST_NAMES
    said = credit_sentences(model_atlas, [*tubes, "coccyx"])
    # A kind with a single structure goes by that structure's name.
    assert any(line.startswith("Modelled by Glutea: coccyx, nerves, arteries") for line in said)
    assert not any("inferior gluteal nerve" in line for line in said)


def test_credit_tells_schematic_from_modelled(model_atlas: Atlas) -> None:
    nerve = model_atlas.parts["inferior_gluteal_nerve_left"]
    parts = {**model_atlas.specimen.parts, nerve.id: replace(nerve, origin="schematic")}
    drawn = replace(model_atlas, specimen=replace(model_atlas.specimen, parts=parts), tubes={})
    said = credit_sentences(drawn, [nerve.id, "piriformis_left"])
    assert "Modelled by Glutea: piriformis." in said
    assert "Schematic (striped): inferior gluteal nerve." in said


def test_lists_read_as_sentences_do() -> None:
    assert listed(["Femur"]) == "femur"
    assert listed(["Femur", "Sacrum"]) == "femur and sacrum"
    assert listed(["Femur", "Sacrum", "Coccyx"]) == "femur, sacrum and coccyx"

"""Colours: complete, legible, and told apart by everybody."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from annotations.zones.table import zone_table
from meshes.errors import GluteaError
from meshes.specimen import FloatArray
from meshes.structure import structures
from viewer.palette import (
    TABLE,
    blend,
    colour_of,
    load_palette,
    material_of,
    palette,
    rgb,
    structure_colour,
)

# Colour-vision deficiencies at full strength, on linear RGB: Machado, Oliveira & Fernandes 2009,
# "A physiologically-based model for simulation of color vision deficiency", table 1.
BLIND = {
    "none": np.eye(3),
    "protan": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deutan": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritan": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
# A difference in CIE L*a*b* that nobody overlooks between neighbouring patches.
PLAIN = 12.0


def linear(colour: str) -> FloatArray:
    """Linear light of an sRGB colour."""
    share = np.array(rgb(colour))
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def lab(light: FloatArray) -> FloatArray:
    """CIE L*a*b* (D65) of linear sRGB."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21 (WCAG 2)."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    light, dark = sorted((float(weights @ linear(c)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_every_structure_and_zone_has_a_colour() -> None:
    for name, entry in structures().items():
        assert material_of(name).colour == structure_colour(name)
        if entry.colour is not None:
            assert structure_colour(name) == entry.colour
        assert len(colour_of(f"{name}_left")) == 7
    assert set(palette().zones) == set(zone_table().zones)


@pytest.mark.parametrize("blind", BLIND)
def test_zones_are_told_apart_whatever_the_eye(blind: str) -> None:
    seen = {name: lab(BLIND[blind] @ linear(ink.colour)) for name, ink in palette().zones.items()}
    muscle = lab(BLIND[blind] @ linear(structure_colour("gluteus_medius")))
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > PLAIN, (one, other)
    for name, colour in seen.items():
        assert np.linalg.norm(colour - muscle) > PLAIN, name


def test_the_entry_zone_is_brighter_than_the_bands() -> None:
    bright = {name: lab(linear(ink.colour))[0] for name, ink in palette().zones.items()}
    assert bright["entry_zone"] > max(bright["trochanter_band"], bright["psis_band"])


@pytest.mark.parametrize("name", ["light", "dark"])
def test_text_is_legible_on_every_background(name: str) -> None:
    theme = palette().themes[name]
    for background in (theme.top, theme.bottom, theme.plate):
        assert contrast(theme.text, background) > 7
        assert contrast(theme.muted, background) > 4.5
        assert contrast(palette().landmarks.colour, background) > 3


def test_kinds_have_the_colours_of_anatomical_plates() -> None:
    def hue(structure: str) -> tuple[float, float, float]:
        return rgb(structure_colour(structure))

    red, green, blue = hue("inferior_gluteal_artery")
    assert red > 2 * max(green, blue)
    red, green, blue = hue("inferior_gluteal_vein")
    assert blue > 1.5 * red
    red, green, blue = hue("sciatic_nerve")
    assert min(red, green) > 3 * blue
    red, green, blue = hue("gluteus_maximus")
    assert red > 1.5 * max(green, blue)
    red, green, blue = hue("femur")
    assert 1 > red > green > blue > 0.6


def test_neighbouring_lateral_rotators_differ() -> None:
    rotators = ["piriformis", "gemellus_superior", "obturator_internus", "gemellus_inferior"]
    for one, other in zip(rotators, rotators[1:], strict=False):
        assert structure_colour(one) != structure_colour(other)


def test_items_have_colours_for_tree_and_legend() -> None:
    assert colour_of("zone/entry_zone_left") == palette().zones["entry_zone"].colour
    assert colour_of("landmark/psis_right") == palette().landmarks.own["psis"]
    assert colour_of("landmark/coccyx_tip") == palette().landmarks.colour
    assert colour_of("line/psis_trochanter_left") == palette().landmarks.colour
    for unknown in ("spleen_left", "zone/nowhere_left", "moon/psis_left"):
        with pytest.raises(GluteaError, match="nothing named"):
            colour_of(unknown)


def test_blending_goes_from_one_to_the_other() -> None:
    assert blend((0.0, 0.0, 0.0), (1.0, 0.5, 0.0), 0.5) == (0.5, 0.25, 0.0)


def test_a_bad_colour_is_refused_with_its_place(tmp_path: Path) -> None:
    text = TABLE.read_text(encoding="utf-8").replace('colour = "#e6dabf"', 'colour = "ivory"')
    (tmp_path / "palette.toml").write_text(text, encoding="utf-8")
    with pytest.raises(GluteaError, match="colour"):
        load_palette(tmp_path / "palette.toml")
    with pytest.raises(GluteaError, match="cannot be read"):
        load_palette(tmp_path / "no.toml")


def test_zones_that_coincide_are_never_of_the_same_rank() -> None:
    ranks = [ink.rank for ink in palette().zones.values()]
    assert len(set(ranks)) == len(ranks)

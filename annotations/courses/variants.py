"""Variants of nerve and artery that people are born with, as settings."""

from __future__ import annotations

from typing import Literal

import msgspec

BRANCHES = (3, 7)


class Variants(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How this body's nerves and arteries run.

    Attributes:
        sciatic: type after Beaton and Anson: A undivided below piriformis; B fibular part
            through and tibial part below; C fibular part above and tibial part below;
            D undivided through. Of no effect where the specimen has its own sciatic nerve.
        nerve_pierces_piriformis: the inferior gluteal nerve comes through the muscle.
        artery: whether there is an inferior gluteal artery.
        artery_between: between which sacral nerves it passes.
        cutaneous_twig: whether the inferior gluteal nerve gives a twig to the skin.
        nerve_branches: how many branches of the inferior gluteal nerve, 3 to 7.
    """

    sciatic: Literal["A", "B", "C", "D"] = "A"
    nerve_pierces_piriformis: bool = False
    artery: bool = True
    artery_between: Literal["S1-S2", "S2-S3"] = "S1-S2"
    cutaneous_twig: bool = True
    nerve_branches: int = 5

    def __post_init__(self) -> None:
        low, high = BRANCHES
        if not low <= self.nerve_branches <= high:
            raise ValueError(f"the nerve is drawn with {low} to {high} branches")

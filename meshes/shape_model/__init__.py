"""A statistical shape model of pelvis and femur: its surfaces and how people vary about them."""

from __future__ import annotations

from pathlib import Path


def package_file(path: str) -> Path:
    """A file of the package `musculoskeletal-models`, for example `shape_models/LLP26_rigid.pc`."""
    import musculoskeletal.models

    return Path(str(musculoskeletal.models.get_model_path(path)))

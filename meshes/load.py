"""A specimen by name: from the cache, or built from its source and cached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from meshes import cache, store
from meshes.errors import GluteaError
from meshes.sources.download import Progress, fetch, is_fetched, never, source_folder
from meshes.sources.registry import registry, source
from meshes.specimen import Specimen

MESHES = Path(__file__).parent


def state(name: str) -> str:
    """`embedded` with the program, `cached` on this machine, or `available` for download."""
    if not source(name).files:
        return "embedded"
    return "cached" if is_fetched(name) else "available"


def best_at_hand() -> str:
    """The specimen to open unasked: real anatomy where it is on this machine, else the model."""
    cached = [name for name in registry() if state(name) == "cached"]
    return cached[-1] if cached else next(iter(registry()))


def specimen_key(name: str) -> str:
    """Changes with the source files, the code and the tables that the specimen is made from."""
    hashes = [file.sha256 for file in source(name).files]
    return cache.key("specimen", name, hashes, cache.code_key(MESHES))


def load_specimen(
    name: str,
    progress: Progress = lambda fraction, text: None,
    cancelled: Callable[[], bool] = never,
) -> Specimen:
    """Open a specimen: milliseconds from the cache, seconds from its source.

    A download that turns out damaged is fetched again once (from where it came before).

    Raises:
        GluteaError: unknown, not on this machine, or not to be built, with what to do.
        Cancelled: when `cancelled()` turned true.
    """
    if state(name) == "available":
        raise GluteaError(
            f"The specimen '{name}' is not on this machine: fetch it first "
            f"(glutea fetch {name}, {source(name).size_mb:.1f} MB)."
        )
    found = cache.kept(
        "specimen",
        f"{name}-{specimen_key(name)}",
        store.SpecimenHeader,
        lambda: store.pack(_build(name, progress, cancelled)),
    )
    return store.unpack(*found)


def load_complete_specimen(
    name: str,
    progress: Progress = lambda fraction, text: None,
    cancelled: Callable[[], bool] = never,
) -> Specimen:
    """The specimen with everything modelled that its source lacks; see `meshes.modelling`.

    Its parts carry what their display needs; see `meshes.relief`.

    Raises:
        GluteaError: as `load_specimen`.
        Cancelled: when `cancelled()` turned true.
    """

    def completed() -> tuple[store.SpecimenHeader, store.Arrays]:
        from meshes.modelling.complete import complete
        from meshes.relief import with_relief

        bare = load_specimen(name, lambda share, text: progress(0.2 * share, text), cancelled)
        whole = complete(
            bare, "full", lambda share, text: progress(0.2 + 0.8 * share, text), cancelled
        )
        return store.pack(with_relief(whole))

    found = cache.kept("complete", f"{name}-{specimen_key(name)}", store.SpecimenHeader, completed)
    return store.unpack(*found)


def _build(name: str, progress: Progress, cancelled: Callable[[], bool]) -> Specimen:
    # Imported when needed: the readers pull in trimesh and SciPy.
    if name == "model":
        from meshes.sources import model

        progress(0.0, "Shaping the bones")
        return model.load()
    from meshes.sources import z_anatomy

    # `fetch` checks every hash and repairs what is damaged before anything is read.
    fetch(name, lambda fraction, text: progress(0.1 * fraction, text), cancelled)
    return z_anatomy.load(
        source_folder(name), lambda f, text: progress(0.1 + 0.9 * f, text), cancelled
    )

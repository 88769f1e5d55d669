"""Rebuild the finished atlas of the embedded specimen that ships with the program.

    .venv/bin/python scripts/build_default_atlas.py

Run it after any change in `meshes/` or in the annotations' code and tables: the file names carry
a digest of both, and a test fails when they no longer match.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))


def main() -> None:
    """Make what is not shipped yet in an empty cache, then put it in the place of what was.

    A stage whose name still fits stays as it is: made anew on another machine its last digits
    would differ, and what is made from it with them.
    """
    from annotations.atlas import build
    from annotations.request import Request
    from meshes.cache import BUILT

    with tempfile.TemporaryDirectory() as folder:
        os.environ["GLUTEA_CACHE"] = folder
        build(Request("model"), lambda share, text: print(f"{share:4.0%} {text}"))
        # The bare bones are part of the complete specimen, and evaluated in a moment.
        for stage in [path for path in Path(folder).iterdir() if path.name != "specimen"]:
            shutil.rmtree(BUILT / stage.name, ignore_errors=True)
            shutil.copytree(stage, BUILT / stage.name)
    size = sum(path.stat().st_size for path in BUILT.rglob("*.safetensors"))
    print(f"{BUILT}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()

"""Glutea's command line; without a command it opens the window.

Heavy imports stand inside the commands: `measure` starts without a renderer, `render` without Qt.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from meshes.errors import GluteaError

if TYPE_CHECKING:
    from annotations.atlas import Atlas
    from annotations.request import Request
    from meshes.specimen import Side
    from viewer.scene import Draft, SceneState

VERSION = "0.1.0"
DEFAULT_SIZE = "1280x800"
DEFAULT_PICTURE = "glutea.png"
USERS_MISTAKE, OUR_FAULT, STOPPED = 2, 1, 130
MOST_PIXELS_A_SIDE = 16384


class _Parser(argparse.ArgumentParser):
    """Says a mistake in one line, with what to do."""

    def error(self, message: str) -> NoReturn:
        raise GluteaError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0 done, 2 the user's mistake, 1 a fault of ours."""
    arguments = sys.argv[1:] if arguments is None else arguments
    # A start makes some ninety thousand objects and no garbage: looking for it took a fiftieth.
    gc.set_threshold(150_000, 20, 50)
    for stream in (sys.stdout, sys.stderr):
        # Names and citations need more letters than an old code page has.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    debug = "--debug" in arguments
    try:
        options = _parser().parse_args([word for word in arguments if word != "--debug"])
        for name in ("specimen", "scene"):
            if getattr(options, name) is not None and name not in options.takes:
                raise GluteaError(f"This command takes no --{name}; see glutea --help.")
        command: Callable[[argparse.Namespace], int] = options.command
        code = command(options)
        if sys.stdout is not None:
            sys.stdout.flush()  # where a reader that has left is noticed, not at the very end
        return code
    except GluteaError as error:
        if debug:
            raise
        print(f"glutea: {error}", file=sys.stderr)
        return USERS_MISTAKE
    except KeyboardInterrupt:
        print("glutea: stopped.", file=sys.stderr)
        return STOPPED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if debug:
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split())  # one line, whatever it says
        print(
            f"glutea: a fault in Glutea itself ({what}); run the same with --debug and report what "
            "it shows.",
            file=sys.stderr,
        )
        return OUR_FAULT


def run() -> NoReturn:
    """The installed command `glutea`."""
    code = main()
    # All is written and closed. Python would look through every object for garbage once more
    # before it ends, which took a twentieth of a picture.
    gc.freeze()
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="glutea",
        description="A 3D atlas of the gluteal region. Without a command the window opens. "
        "For teaching, not for planning an operation.",
    )
    parser.add_argument("--version", action="version", version=f"Glutea {VERSION}")
    parser.add_argument("--specimen", metavar="NAME", help="the specimen to open")
    parser.add_argument("--scene", metavar="FILE", type=Path, help="a scene that was saved before")
    parser.set_defaults(command=_window, takes=("specimen", "scene"))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)

    def add(name: str, run: Callable[[argparse.Namespace], int], text: str, *takes: str) -> _Parser:
        command: _Parser = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=run, takes=takes)
        return command

    specimens = add("specimens", _specimens, "list the specimens")
    specimens.add_argument("--json", action="store_true", help="as JSON")

    fetch = add("fetch", _fetch, "download a specimen and verify it")
    fetch.add_argument("name", metavar="NAME")

    render = add("render", _render, "draw a picture into a PNG file", "specimen", "scene")
    render.add_argument("out", metavar="OUT.png", type=Path)
    _add_what(render)
    render.add_argument("--view", metavar="NAME", help="posterior, anterior, left, …")
    render.add_argument("--size", metavar="WxH", default=DEFAULT_SIZE, help="in pixels")
    render.add_argument("--transparent", action="store_true", help="no background")
    render.add_argument("--labels", action="store_true", help="name what is shown")
    render.add_argument("--scale-bar", action="store_true", help="with a scale in cm")
    render.add_argument("--no-credit", action="store_true", help="credits only inside the file")

    measure = add("measure", _measure, "state the figures of a specimen", "specimen")
    _add_specimen(measure)
    _add_variants(measure)
    measure.add_argument("--side", choices=("left", "right", "both"), default="both")
    measure.add_argument("--json", action="store_true", help="everything, as JSON")

    text = "write meshes: a folder of PLY files, or one .glb file"
    export = add("export", _export, text, "specimen", "scene")
    export.add_argument("path", metavar="PATH", type=Path)
    _add_what(export)
    return parser


def _add_specimen(command: argparse.ArgumentParser) -> None:
    # Without a default of its own, so that one that was named before the command holds.
    command.add_argument(
        "--specimen", metavar="NAME", default=argparse.SUPPRESS, help="see glutea specimens"
    )


def _add_variants(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--variant",
        metavar="NAME=VALUE,…",
        action="append",
        default=[],
        help="how nerves and arteries run, as in sciatic=B,artery=false",
    )


def _add_what(command: argparse.ArgumentParser) -> None:
    """The options that say what is shown; shared by `render` and `export`."""
    _add_specimen(command)
    _add_variants(command)
    command.add_argument(
        "--scene",
        metavar="FILE",
        type=Path,
        default=argparse.SUPPRESS,
        help="a scene that was saved before",
    )
    command.add_argument("--side", choices=("left", "right", "both"), default="both")
    for name, text in (("show", "show"), ("hide", "hide"), ("ghost", "see through")):
        command.add_argument(
            f"--{name}",
            metavar="ID,…",
            action="append",
            default=[],
            help=f"{text} these structures, kinds or zones",
        )


# --- commands --------------------------------------------------------------------------------


def _window(options: argparse.Namespace) -> int:
    if options.specimen:
        from meshes.sources.registry import source

        source(options.specimen)  # an unknown name is said before a window opens
    if _has_display():
        from viewer.window import open_window

        return open_window(options.specimen, options.scene)
    out = Path(DEFAULT_PICTURE).absolute()
    atlas, state = _atlas_and_state(options.specimen, options.scene)
    _draw(atlas, state, out, DEFAULT_SIZE, transparent=False)
    print(f"There is no display for a window, so the picture was drawn into {out}")
    return 0


def _specimens(options: argparse.Namespace) -> int:
    from meshes.load import state
    from meshes.sources.registry import registry

    rows = [
        {
            "name": name,
            "title": entry.title,
            "licence": entry.licence,
            "state": state(name),
            "download_mb": round(entry.size_mb, 1),
            "how_made": entry.how_made,
        }
        for name, entry in registry().items()
    ]
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return 0
    for row in rows:
        size = f", {row['download_mb']} MB to fetch" if row["state"] == "available" else ""
        print(f"{row['name']:<12}{row['title']} — {row['licence']} ({row['state']}{size})")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    from meshes.sources.download import fetch
    from meshes.sources.registry import source

    entry = source(options.name)
    if not entry.files:
        print(f"{options.name} comes with Glutea; there is nothing to fetch.")
        return 0
    with _Progress() as report:
        fetch(options.name, report)
    print(f"{entry.title} is on this machine and verified ({entry.licence}).")
    return 0


def _render(options: argparse.Namespace) -> int:
    import msgspec

    if options.out.suffix.lower() != ".png":
        raise GluteaError(f"'{options.out}' is not a PNG file: let its name end in .png.")
    _size(options.size)
    if options.view is not None:
        from viewer.presets import views

        if options.view not in views():
            raise GluteaError(
                f"There is no view '{options.view}'; choose one of: {', '.join(views())}."
            )
    atlas, state = _atlas_and_state(options.specimen, options.scene, options.variant)
    state = _shown(atlas, state, options)
    changes: dict[str, object] = {}
    if options.view:
        changes |= {"view": options.view, "camera": None}
    if options.labels:
        changes["labels"] = True
    if options.scale_bar:
        changes["scale_bar"] = True
    if options.no_credit:
        changes["credit"] = False
    state = msgspec.structs.replace(state, **changes)
    _draw(atlas, state, options.out, options.size, options.transparent)
    return 0


def _measure(options: argparse.Namespace) -> int:
    from annotations.measure import measure
    from annotations.report import sentences

    atlas = _atlas(options.specimen, options.variant)
    sides = _sides(options.side)
    if options.json:
        print(json.dumps(measure(atlas, sides), indent=1, ensure_ascii=False))
    else:
        print("\n".join(sentences(atlas, sides)))
    return 0


def _export(options: argparse.Namespace) -> int:
    from viewer.output.export import export

    atlas, state = _atlas_and_state(
        options.specimen, options.scene, options.variant, everything=True
    )
    state = _shown(atlas, state, options)
    shown = [name for name in atlas.parts if (look := state.looks.get(name)) and look.visible]
    export(atlas, options.path, shown, _sides(options.side))
    print(
        f"{len(shown)} meshes written to {options.path}. {atlas.specimen.licence}; the credit "
        "lines inside must stay with them."
    )
    return 0


# --- shared ----------------------------------------------------------------------------------


def _atlas(specimen: str | None, variants: Sequence[str] = ()) -> Atlas:
    """The atlas of a specimen named by the user, fetched first if it must be; or the best here."""
    from annotations.request import Request
    from meshes.load import best_at_hand

    return _built(_varied(Request(specimen or best_at_hand()), variants))


def _varied(request: Request, wanted: Sequence[str]) -> Request:
    """The request with the variants that the user wrote as NAME=VALUE."""
    if not wanted:
        return request
    import msgspec

    from annotations.variants import with_words

    variants = with_words(request.variants, ",".join(wanted))
    return msgspec.structs.replace(request, variants=variants)


def _built(request: object) -> Atlas:
    from annotations.atlas import build
    from annotations.request import Request
    from meshes.load import state

    assert isinstance(request, Request)
    if state(request.specimen) == "available":
        from meshes.sources.download import fetch

        # Naming a specimen is asking for it: its files are fetched, by address and SHA-256.
        with _Progress() as report:
            fetch(request.specimen, report)
    with _Progress() as report:
        atlas = build(request, report)
    if atlas.unkept:
        print(f"glutea: {atlas.unkept}", file=sys.stderr)
    return atlas


def _atlas_and_state(
    specimen: str | None,
    scene: Path | None,
    variants: Sequence[str] = (),
    everything: bool = False,
) -> tuple[Atlas, SceneState]:
    """The atlas, and what of it is shown: the scene file, else the opening (or every part)."""
    import msgspec

    from viewer.presets import opening_state
    from viewer.scene import Look, load_scene

    if scene is not None:
        state = load_scene(scene)
        request = _varied(state.request, variants)
        if specimen:
            request = msgspec.structs.replace(request, specimen=specimen)
        return _built(request), msgspec.structs.replace(state, request=request)
    atlas = _atlas(specimen, variants)
    if everything:
        from viewer.scene import SceneState

        looks = {name: Look() for name in atlas.parts}
        return atlas, SceneState(request=atlas.request, looks=looks)
    return atlas, opening_state(atlas, atlas.request)


def _shown(atlas: Atlas, state: SceneState, options: argparse.Namespace) -> SceneState:
    """The state after --side, --show, --hide and --ghost, in that order."""
    from viewer.presets import items, select
    from viewer.scene import GHOST_OPACITY, Draft

    draft = Draft(state)
    _select(draft, atlas, options.show, lambda names: draft.show(*names), select)
    _select(draft, atlas, options.hide, lambda n: draft.show(*n, visible=False), select)

    def ghost(names: list[str]) -> None:
        draft.show(*names)
        draft.fade(*names, opacity=GHOST_OPACITY)

    _select(draft, atlas, options.ghost, ghost, select)
    if options.side != "both":
        other = {"left": "right", "right": "left"}[options.side]
        draft.show(*[i.id for i in items(atlas) if i.side == other], visible=False)
    return draft.finished()


def _select(
    draft: Draft,
    atlas: Atlas,
    wanted: list[str],
    act: Callable[[list[str]], None],
    select: Callable[[Atlas, str], list[str]],
) -> None:
    for name in ",".join(wanted).split(","):
        if name.strip():
            act(select(atlas, name.strip()))


def _draw(atlas: Atlas, state: SceneState, out: Path, size: str, transparent: bool) -> None:
    from viewer.output.picture import save_picture

    width, height = _size(size)
    save_picture(atlas, state, out, width, height, transparent=transparent)


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise GluteaError(f"'{text}' is not a size: write it like {DEFAULT_SIZE}.")
    size = int(width), int(height)
    if not all(16 <= side <= MOST_PIXELS_A_SIDE for side in size):
        raise GluteaError(
            f"A picture of {text} pixels cannot be drawn: each side may have 16 to "
            f"{MOST_PIXELS_A_SIDE}."
        )
    return size


def _sides(side: str) -> tuple[Side, ...]:
    from meshes.specimen import SIDES

    return SIDES if side == "both" else (side,)  # type: ignore[return-value]


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class _Progress:
    """A bar on the terminal's standard error while long work goes on; silent elsewhere."""

    def __enter__(self) -> Callable[[float, str], None]:
        self._stack = ExitStack()
        self._advance: Callable[[float, str], None] | None = None
        return self._report

    def _report(self, fraction: float, text: str) -> None:
        if self._advance is None:
            if fraction >= 1.0 or not sys.stderr.isatty():
                return
            self._advance = self._bar(text)
        self._advance(fraction, text)

    def _bar(self, text: str) -> Callable[[float, str], None]:
        # rich takes a moment to start: only work that lasts long enough to report pays for it.
        from rich.console import Console
        from rich.progress import Progress

        bar = self._stack.enter_context(Progress(console=Console(stderr=True), transient=True))
        task = bar.add_task(text, total=1.0)
        return lambda fraction, text: bar.update(task, completed=fraction, description=text)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


if __name__ == "__main__":
    run()

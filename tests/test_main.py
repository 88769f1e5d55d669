"""The command line as scripts and people meet it: exit codes, one line a mistake, no traceback."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import main as program
from annotations.atlas import Atlas
from annotations.courses.variants import Variants
from annotations.request import Request
from viewer.scene import Look, SceneState, save_scene

ROOT = Path(__file__).parent.parent
Capture = pytest.CaptureFixture[str]


def run(*arguments: str | Path) -> int:
    return program.main([str(argument) for argument in arguments])


def mistake(capsys: Capture, *arguments: str | Path, code: int = 2) -> str:
    """Run what must fail; the one line that says why and what to do."""
    assert run(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("glutea: ")
    assert "Traceback" not in err
    assert re.search(r"[.?]$", err.strip())
    return err.strip()


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The program as a process of its own."""
    return subprocess.run(
        [sys.executable, ROOT / "main.py", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_atlas: Atlas) -> Path:
    """An empty folder to stand in; the embedded atlas is at hand."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rendr", "a.png"], "rendr"),
        (["specimens", "--colour"], "--colour"),
        (["render"], "OUT.png"),
        (["render", "a.png", "b.png"], "b.png"),
        (["fetch"], "NAME"),
        (["measure", "--side", "top"], "top"),
        (["render", "a.png", "--size"], "--size"),
        (["export"], "PATH"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_command_that_is_not_understood(capsys: Capture, arguments: list[str], said: str) -> None:
    line = mistake(capsys, *arguments)
    assert said in line
    assert "--help" in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["fetch", "z_anatomy"],
        ["measure", "--specimen", "z_anatomy"],
        ["render", "a.png", "--specimen", "z_anatomy"],
        ["export", "out", "--specimen", "z_anatomy"],
        ["--specimen", "z_anatomy"],
    ],
    ids=" ".join,
)
def test_an_unknown_specimen_is_named_with_what_was_meant(
    capsys: Capture, arguments: list[str], tmp_path: Path
) -> None:
    line = mistake(capsys, *arguments)
    assert "There is no specimen 'z_anatomy'; did you mean 'z-anatomy'?" in line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "size", ["800", "800x", "x600", "0x0", "15x600", "99999x10", "800*600", "8e2x600", "a×b", ""]
)
def test_a_bad_size(capsys: Capture, size: str, tmp_path: Path) -> None:
    """Said before anything is loaded or drawn."""
    line = mistake(capsys, "render", "a.png", "--specimen", "model", "--size", size)
    assert f"'{size}'" in line or f" {size} pixels" in line
    assert list(tmp_path.iterdir()) == []


def test_a_bad_view(capsys: Capture, tmp_path: Path) -> None:
    line = mistake(capsys, "render", "a.png", "--specimen", "model", "--view", "behind")
    assert "behind" in line
    from viewer.presets import views

    for view in views():
        assert view in line
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_a_png(capsys: Capture) -> None:
    assert ".png" in mistake(capsys, "render", "a.jpg", "--specimen", "model")


@pytest.mark.parametrize("command", [["render", "a.png"], ["export", "out"], []], ids=str)
def test_a_missing_or_damaged_scene(
    capsys: Capture, command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_has_display", lambda: False)
    line = mistake(capsys, *command, "--scene", tmp_path / "nowhere.json")
    assert "nowhere.json" in line
    (tmp_path / "bad.json").write_text('{"glutea_scene": 1, "state": {"view": 3}}')
    line = mistake(capsys, *command, "--scene", tmp_path / "bad.json")
    assert "bad.json is not a scene" in line
    (tmp_path / "new.json").write_text('{"glutea_scene": 99}')
    assert "newer Glutea" in mistake(capsys, *command, "--scene", tmp_path / "new.json")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.json", "new.json"]


def test_a_scene_of_an_unknown_specimen(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"glutea_scene": 1, "state": {"request": {"specimen": "mars"}}}'
    )
    assert "no specimen 'mars'" in mistake(capsys, "export", "out", "--scene", tmp_path / "a.json")


@pytest.mark.parametrize("option", ["--show", "--hide", "--ghost"])
def test_an_unknown_structure(capsys: Capture, option: str) -> None:
    line = mistake(capsys, "export", "out", "--specimen", "model", option, "femurr")
    assert "femurr" in line
    assert "femur" in line.replace("femurr", "")
    line = mistake(capsys, "export", "out", "--specimen", "model", option, "rectus_femoris")
    assert "has no Rectus femoris" in line


@pytest.mark.parametrize("name", ["overlap", "overlap_left", "zone/overlap_right"])
def test_a_zone_that_is_empty_here(capsys: Capture, name: str) -> None:
    """Known, but not on this pelvis: that the bands do not meet is what the atlas has to say."""
    line = mistake(capsys, "render", "a.png", "--specimen", "model", "--show", name)
    assert "Overlap of both bands: there is none on the specimen 'model'" in line


def test_nothing_left_to_export(capsys: Capture, tmp_path: Path) -> None:
    line = mistake(
        capsys,
        *["export", "out", "--specimen", "model", "--hide", "bone,muscle,ligament,fascia,skin"],
        *["--hide", "nerve", "--hide", "artery", "--hide", "vein"],
    )
    assert "--show" in line
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be_written(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = mistake(capsys, "export", "file/out", "--specimen", "model")
    assert "choose another place" in line
    line = mistake(capsys, "export", "file/a.glb", "--specimen", "model", "--show", "sacrum")
    assert "choose another place" in line
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_picture_that_cannot_be_written(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    line = mistake(capsys, "render", "file/a.png", "--specimen", "model", "--size", "64x48")
    assert str(Path("file")) in line


def test_a_cache_that_cannot_be_written_costs_nothing_that_was_worked_out(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New limits of a band: the zones are marked anew, used, and what could not be kept is said."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "file"))
    request = Request("model", psis_band_mm=(50.0, 61.5))
    save_scene(SceneState(request=request, looks={"sacrum": Look()}), tmp_path / "a.json")
    assert run("render", "a.png", "--scene", "a.json", "--size", "64x64") == 0
    assert (tmp_path / "a.png").is_file()
    line = capsys.readouterr().err
    assert line.startswith("glutea: What was worked out could not be kept")
    assert "GLUTEA_CACHE" in line
    assert line.count("\n") == 1
    assert run("measure", "--specimen", "model", "--json") == 0
    assert capsys.readouterr().err == "", "what comes with the program needs no cache"


def test_a_cache_that_cannot_be_looked_into(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded specimen needs none; fetching is one sentence."""

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GLUTEA_MIRROR", str(tmp_path))
    for act in ("stat", "open", "unlink"):
        monkeypatch.setattr(Path, act, denied)
    assert run("specimens") == 0
    assert "(available" in capsys.readouterr().out
    assert "GLUTEA_CACHE" in mistake(capsys, "fetch", "z-anatomy")


def test_a_mirror_that_has_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GLUTEA_MIRROR", "no such folder")
    for arguments in (["fetch", "z-anatomy"], ["measure", "--specimen", "z-anatomy"]):
        assert "GLUTEA_MIRROR" in mistake(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["--specimen", "model", "fetch", "model"], "--specimen"),
        (["--specimen", "model", "specimens"], "--specimen"),
        (["--scene", "a.json", "measure"], "--scene"),
    ],
    ids=" ".join,
)
def test_an_option_that_a_command_does_not_take_is_not_passed_over(
    capsys: Capture, arguments: list[str], option: str
) -> None:
    assert f"takes no {option}" in mistake(capsys, *arguments)


def test_options_may_stand_before_the_command(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for command in (["render", "a.png"], ["measure"], ["export", "out"]):
        assert "specimen 'mars'" in mistake(capsys, "--specimen", "mars", *command)
    for command in (["render", "a.png"], ["export", "out"]):
        assert "nowhere.json" in mistake(capsys, "--scene", "nowhere.json", *command)
    # The nearer to the command, the stronger.
    assert "'venus'" in mistake(capsys, "--specimen", "mars", "measure", "--specimen", "venus")
    assert list(tmp_path.iterdir()) == []


# --- faults and interruptions -----------------------------------------------------------------


def test_a_fault_of_ours_is_one_line_too(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the wiring is loose")

    monkeypatch.setattr("annotations.measure.measure", broken)
    line = mistake(capsys, "measure", "--specimen", "model", "--json", code=1)
    assert "fault in Glutea itself" in line
    assert "RuntimeError: the wiring is loose" in line
    assert "--debug" in line


def test_a_fault_with_lines_of_its_own_is_still_one_line(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("first\nsecond")

    monkeypatch.setattr("annotations.measure.measure", broken)
    mistake(capsys, "measure", "--specimen", "model", "--json", code=1)


def test_debug_shows_where_it_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the wiring is loose")

    monkeypatch.setattr("annotations.measure.measure", broken)
    with pytest.raises(RuntimeError, match="loose"):
        run("measure", "--specimen", "model", "--json", "--debug")
    with pytest.raises(Exception, match="no specimen"):
        run("--debug", "fetch", "nobody")


def test_stopping_by_keyboard(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("annotations.measure.measure", stopped)
    assert run("measure", "--specimen", "model", "--json") == 130
    assert capsys.readouterr().err == "glutea: stopped.\n"


# --- what works -------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["render", "--help"], ["measure", "-h"]])
def test_help(capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 0
    out, err = capsys.readouterr()
    assert out.startswith("usage: glutea")
    assert err == ""


def test_version_is_the_packages(capsys: Capture) -> None:
    import tomllib

    with pytest.raises(SystemExit):
        run("--version")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert capsys.readouterr().out == f"Glutea {project['version']}\n"


def test_specimens_are_listed(capsys: Capture) -> None:
    assert run("specimens") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == 2
    assert re.match(
        r"model +Mean pelvis and femurs of 26 people.* — MPL-2\.0 \(embedded\)", lines[0]
    )
    assert re.match(r"z-anatomy +Z-Anatomy.* — CC BY-SA 4\.0 \(", lines[1])


def test_specimens_as_json(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "empty"))
    assert run("specimens", "--json") == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert set(rows) == {"model", "z-anatomy"}
    for row in rows.values():
        assert row["title"]
        assert row["licence"]
    assert rows["model"]["state"] == "embedded"
    assert rows["z-anatomy"]["state"] == "available"
    assert rows["z-anatomy"]["download_mb"] == 2.4


@pytest.mark.atlas
def test_fetching_from_a_mirror(
    capsys: Capture, tmp_path: Path, upstream: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GLUTEA_MIRROR", os.path.relpath(upstream))
    assert run("fetch", "z-anatomy") == 0
    out, err = capsys.readouterr()
    assert (
        out
        == "Z-Anatomy: bones, muscles and nerves is on this machine and verified (CC BY-SA 4.0).\n"
    )
    assert err == "", "no bar where nobody looks at it"
    assert run("specimens", "--json") == 0
    rows = {row["name"]: row["state"] for row in json.loads(capsys.readouterr().out)}
    assert rows["z-anatomy"] == "cached"


def test_fetching_what_is_embedded(capsys: Capture) -> None:
    assert run("fetch", "model") == 0
    assert capsys.readouterr().out == "model comes with Glutea; there is nothing to fetch.\n"


def test_measure_in_words(capsys: Capture) -> None:
    assert run("measure", "--specimen", "model", "--side", "left") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "Left side" in out
    assert "Right side" not in out
    assert "PSIS to tip of greater trochanter, straight: " in out
    assert "not for planning an operation" in out


@pytest.mark.parametrize("side", ["left", "right", "both"])
def test_measure_as_json(capsys: Capture, side: str) -> None:
    assert run("measure", "--specimen", "model", "--json", "--side", side) == 0
    found = json.loads(capsys.readouterr().out)
    sides = {"left", "right"} if side == "both" else {side}
    assert found["specimen"] == "model"
    assert set(found["entry_zone"]) == sides
    assert set(found["landmarks"]) == {*sides, "midline"}


def test_commands_agree_on_the_variants(
    capsys: Capture, tmp_path: Path, model_atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`measure`, `render` and `export` ask for the same atlas, as a scene of the window does."""
    asked = []

    def build(request: Request, *_: object) -> Atlas:
        asked.append(request)
        return replace(model_atlas, request=request)

    monkeypatch.setattr("annotations.atlas.build", build)
    wanted = Request("model", variants=Variants(sciatic="B", artery=False))
    words = ["--variant", "sciatic=B", "--variant", "artery=false"]
    assert run("measure", "--specimen", "model", "--json", *words) == 0
    assert json.loads(capsys.readouterr().out)["variants"]["sciatic"] == "B"
    assert run("render", "a.png", "--specimen", "model", "--size", "64x64", *words) == 0
    assert run("export", "out", "--specimen", "model", "--variant", "sciatic=B,artery=false") == 0
    document = json.loads((tmp_path / "out" / "specimen.json").read_text(encoding="utf-8"))
    assert document["variants"]["artery"] is False
    save_scene(SceneState(request=wanted), tmp_path / "a.json")
    assert run("render", "a.png", "--scene", "a.json", "--size", "64x64") == 0
    assert asked == [wanted] * 4
    # A word on the command line is stronger than the scene.
    assert (
        run("render", "a.png", "--scene", "a.json", "--size", "64x64", "--variant", "sciatic=C")
        == 0
    )
    assert asked[-1].variants == Variants(sciatic="C", artery=False)


@pytest.mark.parametrize("command", [["measure"], ["render", "a.png"], ["export", "out"]])
def test_a_variant_that_there_is_not(capsys: Capture, command: list[str]) -> None:
    assert "A, B, C, D" in mistake(capsys, *command, "--variant", "sciatic=E")
    assert "sciatic=B" in mistake(capsys, *command, "--variant", "sciatic")


@pytest.mark.atlas
def test_measure_of_the_real_atlas(capsys: Capture, z_anatomy_atlas: Atlas) -> None:
    assert run("measure", "--specimen", "z-anatomy", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    for side in ("left", "right"):
        assert 140 <= found["distances_mm"][side]["psis_to_greater_trochanter"] <= 152
        assert found["entry_zone"][side]["overlap_cm2"] == 0
        assert found["entry_zone"][side]["entry_zone_cm2"] > 0


def exported(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.ply")}


def test_export_writes_everything_unless_told_otherwise(
    capsys: Capture, tmp_path: Path, model_atlas: Atlas
) -> None:
    assert run("export", "out", "--specimen", "model") == 0
    written = exported(tmp_path / "out")
    assert written == set(model_atlas.parts)
    assert {"sacrum", "coccyx"} <= written, "midline parts bear no side"
    for name in (
        "hip_bone",
        "femur",
        "gluteus_maximus",
        "piriformis",
        "sacrospinous_ligament",
        "inferior_gluteal_nerve",
        "inferior_gluteal_artery",
    ):
        assert {f"{name}_left", f"{name}_right"} <= written
    out = capsys.readouterr().out
    assert out.startswith(f"{len(written)} meshes written to out. MPL-2.0")
    assert json.loads((tmp_path / "out" / "specimen.json").read_text())["specimen"] == "model"


def test_export_of_one_side_without_some(tmp_path: Path, model_atlas: Atlas) -> None:
    assert run("export", "out", "--specimen", "model", "--side", "right", "--hide", "femur") == 0
    written = exported(tmp_path / "out")
    assert written == {
        name
        for name, part in model_atlas.parts.items()
        if part.side in ("right", "midline") and part.structure != "femur"
    }
    assert {"sacrum", "hip_bone_right", "inferior_gluteal_nerve_right"} <= written
    assert not any(name.startswith("femur") or name.endswith("_left") for name in written)
    document = json.loads((tmp_path / "out" / "specimen.json").read_text())
    assert set(document["courses"]["inferior_gluteal_nerve"]) == {"right"}


def test_export_of_what_a_scene_shows(tmp_path: Path) -> None:
    state = SceneState(looks={"sacrum": Look(), "femur_left": Look(False)})
    save_scene(state, tmp_path / "a.json")
    assert run("export", "out", "--scene", tmp_path / "a.json") == 0
    assert exported(tmp_path / "out") == {"sacrum"}


# --- as a process -----------------------------------------------------------------------------


def test_a_mistake_as_a_process() -> None:
    ended = process("measure", "--specimen", "modell")
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == "glutea: There is no specimen 'modell'; did you mean 'model'?\n"
    ended = process("measure", "--specimen", "modell", "--debug")
    assert "Traceback" in ended.stderr
    assert ended.returncode != 0


def test_without_a_display_the_window_becomes_a_picture(tmp_path: Path) -> None:
    """A server, a container: said, and the picture is there."""
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    ended = subprocess.run(
        [sys.executable, ROOT / "main.py", "--specimen", "model"],
        capture_output=True,
        text=True,
        env=env,
        cwd=tmp_path,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert "no display" in ended.stdout
    assert str(tmp_path / "glutea.png") in ended.stdout
    content = (tmp_path / "glutea.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert tuple(int.from_bytes(content[i : i + 4]) for i in (16, 20)) == (1280, 800)


@pytest.mark.parametrize(
    ("arguments", "encoding"),
    [
        (["measure"], "cp1252"),
        (["measure", "--json"], "cp1252"),
        (["specimens"], "cp1252"),
        (["measure", "--json"], "ascii"),
    ],
)
def test_output_into_a_file_with_another_encoding(arguments: list[str], encoding: str) -> None:
    """As Windows does when the output is redirected: no character may stop the program."""
    specimen = ["--specimen", "model"] if arguments != ["specimens"] else []
    ended = subprocess.run(
        [sys.executable, ROOT / "main.py", *arguments, *specimen],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=120,
    )
    assert ended.stderr == b""
    assert ended.returncode == 0


def test_a_reader_that_goes_away_is_no_fault() -> None:
    """`glutea specimens --json | head -1`, with a head that has left already."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [sys.executable, ROOT / "main.py", "specimens", "--json"],
            # Buffered, as users have it: what is unsaid is written when the program ends.
            env={**os.environ, "PYTHONUNBUFFERED": ""},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert ended.stderr == ""
    assert ended.returncode == 0


NO_PICTURE = {
    "PySide6",
    "matplotlib",
    "pyvista.plotting",
    "pyvistaqt",
    "vtkmodules.vtkRenderingCore",
    "vtkmodules.vtkRenderingOpenGL2",
    "vtkmodules.all",
    "trimesh",
    "rich",
}


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["specimens"], NO_PICTURE | {"vtkmodules", "pyvista", "scipy", "pooch"}),
        # Exact distances to surfaces need VTK's filters and SciPy, but nothing that draws and
        # nothing that makes the atlas anew.
        (
            ["measure", "--specimen", "model", "--json"],
            NO_PICTURE | {"meshes.modelling", "meshes.sources.model", "annotations.courses.solve"},
        ),
    ],
    ids=["specimens", "measure"],
)
def test_a_command_loads_only_what_it_needs(arguments: list[str], unwanted: set[str]) -> None:
    """So that it starts fast when the atlas is at hand."""
    code = (
        "import sys, main; code = main.main(sys.argv[1:]);"
        "print(*sys.modules, file=sys.stderr);"
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(ended.stderr.split())
    assert "meshes.errors" in loaded
    assert loaded & unwanted == set()

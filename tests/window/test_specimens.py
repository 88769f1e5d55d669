"""Choosing, fetching and opening specimens; what goes wrong on the way, said in a sentence."""

from __future__ import annotations

import shutil
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from driving import OPENS_MS
from PySide6.QtCore import Qt

from annotations.atlas import build as build_for_real
from meshes.errors import GluteaError
from meshes.load import state as whereabouts
from meshes.sources.download import Cancelled, source_folder
from meshes.sources.registry import source
from viewer.window.specimen_chooser import DETAIL, short_title

NAME = "z-anatomy"
FETCH = "Fetch Z-Anatomy, 2.4 MB, CC BY-SA 4.0"


@pytest.fixture
def serve(monkeypatch):
    """An http server as the mirror, answered by a handler class; gone after the test."""
    servers = []

    def start(handler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        servers.append((server, thread))
        monkeypatch.setenv("GLUTEA_MIRROR", f"http://127.0.0.1:{server.server_port}")

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


class Stalling(BaseHTTPRequestHandler):
    """Sends the first bytes of a file and then lets one wait."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "1074432")
        self.end_headers()
        try:
            for _ in range(400):
                self.wfile.write(b"x" * 2048)
                self.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *_):
        pass


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def answer(hand, text):
    assert text in buttons(hand), (hand.window.banner.text, buttons(hand))
    hand.qtbot.mouseClick(hand.window.banner.button(text), Qt.MouseButton.LeftButton)


# --- the offer -----------------------------------------------------------------------------------


def test_offers_real_anatomy_with_size_and_licence_and_asks_nobody(bare_cache, start, monkeypatch):
    asked = []
    monkeypatch.setattr("meshes.sources.download.fetch", lambda *a: asked.append(a))
    hand = start()
    assert whereabouts(NAME) == "available"
    assert hand.window.banner.button(FETCH).isVisible()
    assert source(NAME).title in hand.window.banner.text
    hand.settle(400)
    assert not asked
    # The first frame was drawn beside the banner, not before it.
    assert hand.view.frames == 1
    assert hand.view.camera == hand.view.fitted("posterior")


def test_not_now_takes_the_offer_away_and_the_chooser_brings_it_back(bare_cache, start):
    hand = start()
    answer(hand, "Not now")
    assert hand.window.banner.text == ""
    choose(hand, NAME)
    assert hand.window.banner.button(FETCH).isVisible()
    # Nothing is open but what was.
    assert hand.window.toolbar.specimens.currentData() == "model"
    assert hand.window.atlas.specimen.name == "model"


def choose(hand, name):
    """Choose in the list of specimens with the keyboard."""
    box = hand.window.toolbar.specimens
    box.setFocus()
    down = box.findData(name) > box.currentIndex()
    hand.qtbot.keyClick(box, Qt.Key.Key_Down if down else Qt.Key.Key_Up)


def test_chooser_says_where_each_specimen_is_and_its_licence(bare_cache, start):
    box = start().window.toolbar.specimens
    rows = {box.itemData(i): box.itemData(i, DETAIL) for i in range(box.count())}
    assert rows["model"] == "comes with Glutea · MPL-2.0"
    assert rows[NAME] == "to be fetched, 2.4 MB · CC BY-SA 4.0"
    tip = box.itemData(box.findData(NAME), Qt.ItemDataRole.ToolTipRole)
    assert source(NAME).title in tip


def test_a_download_without_a_network_says_so_and_may_be_tried_again(bare_cache, start):
    hand = start()
    answer(hand, FETCH)
    hand.qtbot.waitUntil(lambda: "GLUTEA_MIRROR" in hand.window.banner.text, timeout=20_000)
    assert "Traceback" not in hand.window.banner.text
    assert buttons(hand) == ["Try again", "Not now"]
    assert hand.window.atlas.specimen.name == "model"
    answer(hand, "Not now")
    assert hand.window.banner.text == ""


def test_a_download_can_be_stopped(bare_cache, start, serve):
    serve(Stalling)
    hand = start()
    answer(hand, FETCH)
    hand.qtbot.waitUntil(lambda: hand.window.banner._bar.value() > 0, timeout=20_000)
    answer(hand, "Cancel")
    hand.qtbot.waitUntil(lambda: FETCH in buttons(hand), timeout=20_000)
    assert whereabouts(NAME) == "available"
    folder = source_folder(NAME)
    assert not folder.exists() or not [p for p in folder.iterdir() if p.suffix == ".glb"]


def buttons(hand):
    return [button.text() for button in hand.window.banner._buttons]


def test_closing_in_the_middle_of_a_download_ends_it(bare_cache, start, serve):
    serve(Stalling)
    hand = start()
    answer(hand, FETCH)
    hand.qtbot.waitUntil(lambda: hand.window.banner._bar.value() > 0, timeout=20_000)
    began = time.monotonic()
    hand.window.close()
    assert time.monotonic() - began < 5.0
    assert not hand.window.session._fetcher.busy


@pytest.mark.atlas
@pytest.mark.parametrize("mirror", ["folder", "http"])
def test_a_download_opens_the_real_anatomy(
    mirror, bare_cache, isolated_cache, start, serve, upstream, z_anatomy_atlas, monkeypatch
):
    # What is made from the files is made already: only the fetching is at stake.
    made = shutil.ignore_patterns("sources")
    shutil.copytree(isolated_cache, bare_cache, ignore=made, dirs_exist_ok=True)
    if mirror == "http":
        serve(partial(Quiet, directory=str(upstream)))
    else:
        monkeypatch.setenv("GLUTEA_MIRROR", str(upstream))
    hand = start()
    with hand.qtbot.waitSignal(hand.window.filled, timeout=OPENS_MS):
        answer(hand, FETCH)
    hand.settle()
    assert hand.window.atlas.specimen.name == NAME
    assert hand.window.banner.text == ""
    assert hand.window.toolbar.specimens.currentData() == NAME
    assert "on this computer" in hand.window.toolbar.specimens.currentData(DETAIL)
    assert hand.window.specimen.licence.text() == "Licence: CC BY-SA 4.0"
    assert hand.part_pixels("gluteus_maximus_left") > 1000


# --- opening -------------------------------------------------------------------------------------


def slow(request, progress, cancelled):
    """An atlas that takes for ever, but can be stopped."""
    for step in range(2000):
        progress(step / 2000, "Taking its time")
        if cancelled():
            raise Cancelled
        time.sleep(0.01)
    raise AssertionError("nobody stopped it")


def test_opening_can_be_stopped_and_taken_up_again(bare_cache, start, monkeypatch):
    monkeypatch.setattr("annotations.atlas.build", slow)
    hand = start(filled=False)
    status = hand.window.status
    hand.qtbot.waitUntil(lambda: status.working and status.work.text() == "Taking its time")
    assert status.bar.isVisible()
    hand.qtbot.mouseClick(status.cancel, Qt.MouseButton.LeftButton)
    hand.qtbot.waitUntil(lambda: "stopped" in hand.window.banner.text)
    assert not status.working
    assert hand.window.atlas is None
    monkeypatch.setattr("annotations.atlas.build", build_for_real)
    with hand.qtbot.waitSignal(hand.window.filled, timeout=OPENS_MS):
        answer(hand, "Open it")
    assert hand.window.atlas.specimen.name == "model"


def test_no_title_is_cut_in_the_toolbar(hand):
    chooser = hand.window.toolbar.specimens
    for row in range(chooser.count()):
        assert "…" not in chooser.itemText(row)


def test_the_window_is_there_and_alive_while_an_atlas_is_built(bare_cache, start, monkeypatch):
    monkeypatch.setattr("annotations.atlas.build", slow)
    hand = start(filled=False)
    # The panels do not wait for the atlas.
    hand.qtbot.waitUntil(lambda: hand.window.docks.filled, timeout=20_000)
    search = hand.window.structures.search
    search.setFocus()
    hand.qtbot.keyClicks(search, "alive")
    assert search.text() == "alive"
    # What goes on is said with its steps, which say little by themselves.
    hand.qtbot.waitUntil(lambda: "Taking its time" in hand.view._message)
    assert hand.view._message.startswith("Opening Mean pelvis and femurs")
    # The limits are those that the atlas is being built for; there is nothing to set yet.
    zones = hand.window.zones
    assert zones.limits.limits == ((50.0, 60.0), (50.0, 60.0))
    assert not zones.limits.isEnabled()
    assert not hand.window.commands["save_picture"].isEnabled()


def test_what_goes_wrong_is_one_sentence_with_a_way_out(bare_cache, start, monkeypatch):
    tries = []

    def fails(request, progress, cancelled):
        tries.append(request)
        raise GluteaError("The folder /x cannot be written: free some space.")

    monkeypatch.setattr("annotations.atlas.build", fails)
    hand = start(filled=False)
    sentence = "The folder /x cannot be written: free some space."
    hand.qtbot.waitUntil(lambda: hand.window.banner.text == sentence)
    answer(hand, "Try again")
    hand.qtbot.waitUntil(lambda: len(tries) == 2)
    hand.settle()
    assert hand.window.banner.text == sentence


def test_a_fault_of_ours_is_a_sentence_too(bare_cache, start, monkeypatch, caplog):
    def fails(request, progress, cancelled):
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("annotations.atlas.build", fails)
    hand = start(filled=False)
    hand.qtbot.waitUntil(lambda: "fault in Glutea" in hand.window.banner.text)
    assert "division" not in hand.window.banner.text
    # The details are for the log.
    assert "ZeroDivisionError" in caplog.text


def test_a_specimen_that_is_not_here_is_offered(bare_cache, start):
    hand = start(NAME, filled=False)
    hand.qtbot.waitUntil(lambda: FETCH in buttons(hand))
    with hand.qtbot.waitSignal(hand.window.filled, timeout=OPENS_MS):
        answer(hand, f"Open {short_title(source('model'))}")
    assert hand.window.atlas.specimen.name == "model"


@pytest.mark.atlas
def test_changing_the_specimen_keeps_theme_and_limits(real_hand):
    real_hand.window.commands["dark"].trigger()
    real_hand.window.commands["scale_bar"].trigger()
    frames = real_hand.view.frames
    with real_hand.qtbot.waitSignal(real_hand.window.filled, timeout=OPENS_MS):
        choose(real_hand, "model")
    real_hand.settle()
    state = real_hand.window.scene.state
    assert (state.request.specimen, state.theme, state.scale_bar) == ("model", "dark", True)
    assert real_hand.view.frames <= frames + 2
    assert real_hand.window.structures.model.item("gluteus_maximus_left").origin == "modelled"
    assert "MPL-2.0" in real_hand.window.specimen.licence.text()


def test_a_newer_wish_replaces_the_one_that_is_being_built(bare_cache, start, monkeypatch):
    built = []

    def build(request, progress, cancelled):
        built.append(request.psis_band_mm)
        if len(built) == 1:
            return slow(request, progress, cancelled)
        return build_for_real(request, progress, cancelled)

    hand = start()
    monkeypatch.setattr("annotations.atlas.build", build)
    high = hand.window.zones.limits.boxes["psis_band"][1]
    high.setValue(70)
    hand.qtbot.waitUntil(lambda: len(built) == 1)
    high.setValue(80)
    hand.qtbot.waitUntil(
        lambda: hand.window.scene.state.request.psis_band_mm == (50.0, 80.0), timeout=OPENS_MS
    )
    assert built == [(50.0, 70.0), (50.0, 80.0)]

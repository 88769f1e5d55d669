"""Fetching: whole and true, or one sentence and nothing left behind."""

import errno
import os
import re
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshes.errors import DamagedFileError, DownloadError, GluteaError
from meshes.sources import download, registry
from meshes.sources.download import CHUNK_BYTES, TRIES, Cancelled, fetch, is_fetched, source_folder
from meshes.sources.registry import Source, SourceFile

# Large enough that a transfer breaks off after several pieces.
CONTENT = np.random.default_rng(1).bytes(6 * CHUNK_BYTES + 123)
OTHER = np.random.default_rng(2).bytes(len(CONTENT))
SMALL = b"a second, small file"

Answer = Callable[[BaseHTTPRequestHandler], None]


def good(handler: BaseHTTPRequestHandler, content: bytes = CONTENT) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def wrong(handler: BaseHTTPRequestHandler) -> None:
    good(handler, OTHER)


def truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.end_headers()
    handler.wfile.write(CONTENT[: 4 * CHUNK_BYTES])


def missing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(404)


def in_small_pieces(handler: BaseHTTPRequestHandler) -> None:
    """Chunked, without a length, as a server does that compresses or streams."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for start in range(0, len(CONTENT), 5000):
        piece = CONTENT[start : start + 5000]
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
    handler.wfile.write(b"0\r\n\r\n")


class Server:
    """A web server on this machine; `answers` are used up one a request, the last one stays."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                self.close_connection = True
                server.asked.append(self.path)
                answers = server.answers.get(self.path, [missing])
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                try:
                    answer(self)
                except OSError:
                    pass  # the other end has had enough

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GLUTEA_MIRROR", raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    return tmp_path / "cache"


@pytest.fixture
def specimen(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A specimen of two files that the server holds."""
    files = tuple(
        SourceFile(name, f"{server.address}/{name}", sha256(content).hexdigest(), len(content))
        for name, content in (("large.glb", CONTENT), ("small.glb", SMALL))
    )
    entry = Source("A title", "CC0", ("A credit",), "By hand.", files)
    monkeypatch.setattr(registry, "registry", lambda: {"test": entry})
    server.answers = {"/large.glb": [good], "/small.glb": [lambda h: good(h, SMALL)]}
    return "test"


def left_behind() -> list[str]:
    folder = source_folder("test")
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def sentence_of(caught: pytest.ExceptionInfo[GluteaError]) -> str:
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert re.fullmatch(r"\S.*\.", sentence)
    return sentence


# --- from the net -----------------------------------------------------------------------------


def test_a_good_fetch(server: Server, specimen: str) -> None:
    assert not is_fetched(specimen)
    steps: list[tuple[float, str]] = []
    paths = fetch(specimen, lambda fraction, text: steps.append((fraction, text)))
    assert [path.read_bytes() for path in paths] == [CONTENT, SMALL]
    assert is_fetched(specimen)
    assert left_behind() == ["large.glb", "small.glb"]
    fractions = [fraction for fraction, _ in steps]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    assert len({round(f, 3) for f in fractions}) > 6, "the bar moves while a file comes"
    assert steps[-1][1] == "A title is complete"


def test_what_is_there_is_not_fetched_again(server: Server, specimen: str) -> None:
    fetch(specimen)
    asked = len(server.asked)
    fetch(specimen)
    assert len(server.asked) == asked


def test_the_wrong_content_is_thrown_away_and_fetched_again(server: Server, specimen: str) -> None:
    server.answers["/large.glb"] = [wrong, good]
    fetch(specimen)
    assert server.asked.count("/large.glb") == 2
    assert (source_folder(specimen) / "large.glb").read_bytes() == CONTENT


def test_wrong_content_three_times_is_one_sentence_and_no_file(
    server: Server, specimen: str
) -> None:
    server.answers["/large.glb"] = [wrong]
    with pytest.raises(DamagedFileError) as caught:
        fetch(specimen)
    assert "SHA-256" in sentence_of(caught)
    assert server.asked.count("/large.glb") == TRIES == 3
    assert left_behind() == []
    assert not is_fetched(specimen)


def test_a_transfer_that_breaks_off_is_tried_again(server: Server, specimen: str) -> None:
    """However much of it had come before the break."""
    server.answers["/large.glb"] = [truncated, truncated, good]
    fetch(specimen)
    assert (source_folder(specimen) / "large.glb").read_bytes() == CONTENT


def test_a_transfer_that_always_breaks_off_leaves_nothing(server: Server, specimen: str) -> None:
    server.answers["/large.glb"] = [truncated]
    with pytest.raises(GluteaError) as caught:
        fetch(specimen)
    sentence = sentence_of(caught)
    assert isinstance(caught.value, DownloadError), sentence
    assert "GLUTEA_MIRROR" in sentence
    assert server.asked.count("/large.glb") == TRIES
    assert left_behind() == []


def test_a_server_that_sends_small_pieces_is_believed(server: Server, specimen: str) -> None:
    server.answers["/large.glb"] = [in_small_pieces]
    fetch(specimen)
    assert (source_folder(specimen) / "large.glb").read_bytes() == CONTENT


def test_no_such_file_on_the_server(server: Server, specimen: str) -> None:
    server.answers["/large.glb"] = [missing]
    with pytest.raises(DownloadError) as caught:
        fetch(specimen)
    assert "127.0.0.1" in sentence_of(caught)
    assert left_behind() == []


def test_nobody_answers(specimen: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("GLUTEA_MIRROR", address)
    with pytest.raises(DownloadError) as caught:
        fetch(specimen)
    assert "check the network" in sentence_of(caught)
    assert left_behind() == []


def test_a_server_that_never_stops_sending_is_stopped(server: Server, specimen: str) -> None:
    """A few pieces beyond the file's length, not until the disk is full."""
    most = 300 * len(CONTENT)
    sent = [0]

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while sent[0] < most:
            sent[0] += handler.wfile.write(OTHER)

    server.answers["/large.glb"] = [endless]
    with pytest.raises(GluteaError) as caught:
        fetch(specimen)
    sentence_of(caught)
    # What the sockets' buffers swallow is not ours to count.
    assert sent[0] < most / 3
    assert left_behind() == []


def test_a_damaged_file_in_the_cache_is_replaced(server: Server, specimen: str) -> None:
    large, _ = fetch(specimen)
    damaged = bytearray(CONTENT)
    damaged[1000] ^= 1
    large.write_bytes(damaged)
    fetch(specimen)
    assert large.read_bytes() == CONTENT
    large.write_bytes(CONTENT[:-1])
    assert not is_fetched(specimen)
    fetch(specimen)
    assert large.read_bytes() == CONTENT


@pytest.mark.parametrize("after", [0, 1, 4, 8])
def test_cancelling_leaves_nothing_half(server: Server, specimen: str, after: int) -> None:
    calls = [0]

    def enough() -> bool:
        calls[0] += 1
        return calls[0] > after

    with pytest.raises(Cancelled):
        fetch(specimen, cancelled=enough)
    for name in left_behind():
        assert (source_folder(specimen) / name).read_bytes() in (CONTENT, SMALL)
    fetch(specimen)
    assert is_fetched(specimen)


def test_a_full_disk_is_one_sentence(
    server: Server, specimen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(GluteaError) as caught:
        fetch(specimen)
    sentence = sentence_of(caught)
    assert "No space left" in sentence
    assert "GLUTEA_CACHE" in sentence
    assert left_behind() == []


def test_an_unwritable_cache_is_one_sentence(
    server: Server, specimen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GLUTEA_CACHE", str(tmp_path / "file"))
    with pytest.raises(GluteaError) as caught:
        fetch(specimen)
    assert "GLUTEA_CACHE" in sentence_of(caught)


# --- from a mirror ----------------------------------------------------------------------------


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    folder = tmp_path / "mirror" / "test"
    folder.mkdir(parents=True)
    (folder / "large.glb").write_bytes(CONTENT)
    (folder / "small.glb").write_bytes(SMALL)
    return folder.parent


@pytest.mark.parametrize("how", ["absolute", "relative", "home"])
def test_a_mirror_folder(
    server: Server, specimen: str, mirror: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """A relative folder is relative to where the user stands; the net is not asked."""
    monkeypatch.chdir(mirror.parent)
    monkeypatch.setenv("HOME", str(mirror.parent))
    name = {"absolute": str(mirror), "relative": "mirror", "home": "~/mirror"}[how]
    monkeypatch.setenv("GLUTEA_MIRROR", name)
    paths = fetch(specimen)
    assert [path.read_bytes() for path in paths] == [CONTENT, SMALL]
    assert server.asked == []
    assert (mirror / "test" / "large.glb").read_bytes() == CONTENT


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirror_on_the_net(
    server: Server, specimen: str, monkeypatch: pytest.MonkeyPatch, slash: str
) -> None:
    server.answers = {
        "/lab/test/large.glb": [good],
        "/lab/test/small.glb": [lambda h: good(h, SMALL)],
    }
    monkeypatch.setenv("GLUTEA_MIRROR", f"{server.address}/lab{slash}")
    fetch(specimen)
    assert is_fetched(specimen)
    assert server.asked == ["/lab/test/large.glb", "/lab/test/small.glb"]


def test_a_mirror_folder_that_lacks_the_file(
    specimen: str, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mirror / "test" / "small.glb").unlink()
    monkeypatch.setenv("GLUTEA_MIRROR", str(mirror))
    with pytest.raises(DownloadError) as caught:
        fetch(specimen)
    sentence = sentence_of(caught)
    assert str(mirror / "test" / "small.glb") in sentence
    assert "GLUTEA_MIRROR" in sentence
    assert left_behind() == ["large.glb"], "what was whole stays"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in folders here")
def test_a_mirror_folder_that_holds_no_file_of_that_name_but_a_pipe(
    specimen: str, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes into it: whoever reads it waits for ever."""
    (mirror / "test" / "small.glb").unlink()
    os.mkfifo(mirror / "test" / "small.glb")
    monkeypatch.setenv("GLUTEA_MIRROR", str(mirror))
    with pytest.raises(DownloadError, match="no readable file"):
        fetch(specimen)


def test_a_mirror_folder_with_another_file_of_that_name(
    server: Server, specimen: str, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mirror / "test" / "large.glb").write_bytes(OTHER)
    monkeypatch.setenv("GLUTEA_MIRROR", str(mirror))
    with pytest.raises(DamagedFileError) as caught:
        fetch(specimen)
    sentence = sentence_of(caught)
    assert str(mirror / "test" / "large.glb") in sentence
    assert "SHA-256" in sentence
    assert left_behind() == []
    assert (mirror / "test" / "large.glb").read_bytes() == OTHER, "the mirror is not ours"


def test_a_full_disk_while_copying(
    specimen: str, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setenv("GLUTEA_MIRROR", str(mirror))
    monkeypatch.setattr(download, "write_beside", full)
    with pytest.raises(GluteaError) as caught:
        fetch(specimen)
    assert "No space left" in sentence_of(caught)


# --- the registry -----------------------------------------------------------------------------


def test_an_unknown_specimen_brings_a_suggestion() -> None:
    with pytest.raises(GluteaError, match="did you mean 'z-anatomy'"):
        fetch("z_anatomy")
    with pytest.raises(GluteaError, match="choose one of: model, z-anatomy"):
        fetch("qqq")


def test_every_specimen_carries_licence_credit_and_how_it_was_made() -> None:
    for name, entry in registry.registry().items():
        assert entry.title, name
        assert entry.licence, name
        assert entry.credits, name
        assert entry.how_made.endswith("."), name
        for file in entry.files:
            assert file.address.startswith("https://"), name
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), name


@pytest.mark.atlas
def test_the_registry_names_the_real_files(upstream: Path) -> None:
    """Size and SHA-256 of each file in the table are those of the real one."""
    for file in registry.registry()["z-anatomy"].files:
        content = (upstream / "z-anatomy" / file.name).read_bytes()
        assert len(content) == file.bytes
        assert sha256(content).hexdigest() == file.sha256


def test_the_embedded_specimen_needs_no_fetching() -> None:
    assert fetch("model") == []
    assert is_fetched("model")

"""One stop as the panel gets it, and the source around it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from report.tapes import seed
from tapelens.report.excerpt import LARGEST_FILE_BYTES, excerpt
from tapelens.report.panel import panel_stop
from tapelens.store.sessions import Stop
from tapelens.wire.encode import to_json
from tapelens.wire.reading import read_to_panel
from tapelens.wire.sites import Site


def test_a_stop_comes_with_source_sentences_and_forecast(tmp_path: Path):
    path = tmp_path / "train.py"
    path.write_text("".join(f"line {number}\n" for number in range(1, 30)), encoding="utf-8")
    site = Site(path=str(path), line=10, function="f", in_library=False)
    stop = panel_stop(Stop(session="s", snapshot=seed().snapshot(site=site), reason="breakpoint"))
    assert (stop.source.first_line, stop.source.lines[0], stop.source.lines[-1]) == (3, "line 3", "line 17")
    assert [sentence.tensor for sentence in stop.sentences] == [0, 1, 2, 3]
    assert stop.forecast.startswith("loss.backward() will fill x.grad.")
    assert read_to_panel(to_json(stop)) == stop
    assert json.loads(to_json(stop))["reason"] == "breakpoint"


def test_the_first_and_last_lines_have_fewer_neighbours(tmp_path: Path):
    path = tmp_path / "a.py"
    path.write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert excerpt(str(path), 1, before=2, after=1).lines == ("one", "two")
    assert excerpt(str(path), 3, before=1, after=5).lines == ("two", "three")


def test_a_declared_encoding_is_read(tmp_path: Path):
    path = tmp_path / "a.py"
    path.write_bytes("# coding: latin-1\ngröße = 1\n".encode("latin-1"))
    assert excerpt(str(path), 2, before=0, after=0).lines == ("größe = 1",)


@pytest.mark.parametrize(
    "content",
    [b"# coding: klingon\nx\n", b"\xff\xfe\nx\n", b"x\n" * LARGEST_FILE_BYTES, b""],
    ids=lambda each: each[:9],
)
def test_what_cannot_be_read_has_no_lines(tmp_path: Path, content: bytes):
    path = tmp_path / "a.py"
    path.write_bytes(content)
    assert excerpt(str(path), 2).lines == ()


@pytest.mark.parametrize("path", ["/nowhere/a.py", "/", "<string>", "<ipython-input-3>", "a\0b"])
def test_what_is_no_file_has_no_lines(path: str):
    assert excerpt(path, 1).lines == ()

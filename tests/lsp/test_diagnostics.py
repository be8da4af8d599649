"""Live findings as diagnostics, on findings made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp.loopback import Loopback, finding
from tapelens.wire.findings import Related
from tapelens.wire.sites import Site, Span

PROGRAM = "for x in data:\n    optimizer.step()  # here\n    loss.backward()\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_a_finding_marks_the_code_of_its_line(path):
    desk = Loopback()
    desk.session()
    desk.send(finding(path, 2))
    (mark,) = desk.marks(path.as_uri())
    assert mark == {
        "range": {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 28}},
        "severity": 2,
        "code": "missing-zero-grad",
        "source": "tapelens",
        "message": "step() uses old gradients.",
    }


def test_a_span_is_marked_in_utf_16(path):
    text = 'x = "😀"; loss.backward()\n'
    path.write_text(text, encoding="utf-8")
    desk = Loopback()
    desk.session()
    start = text.index("loss") + 1
    desk.send(finding(path, 1, span=Span(line=1, column=start, end_line=1, end_column=start + 4)))
    (mark,) = desk.marks(path.as_uri())
    assert mark["range"] == {"start": {"line": 0, "character": start}, "end": {"line": 0, "character": start + 4}}


def test_repeats_replace_and_say_how_often(path):
    desk = Loopback()
    desk.session()
    desk.send(finding(path, 2))
    desk.send(finding(path, 2, count=7))
    (mark,) = desk.marks(path.as_uri())
    assert mark["message"].endswith("(seen 7 times)")


def test_related_sites_are_shown_where_the_client_can(path):
    related = (
        Related(site=Site(path=str(path), line=3, function="f", in_library=False), message="The first one ran here."),
    )
    desk = Loopback()
    desk.session()
    desk.send(finding(path, 2, related=related))
    (mark,) = desk.marks(path.as_uri())
    assert mark["relatedInformation"][0]["message"] == "The first one ran here."
    assert mark["relatedInformation"][0]["location"]["range"]["start"] == {"line": 2, "character": 4}

    plain = Loopback(capabilities={})
    plain.session()
    plain.send(finding(path, 2, related=related))
    (mark,) = plain.marks(path.as_uri())
    assert "relatedInformation" not in mark
    assert f"{path}:3: The first one ran here." in mark["message"]


def test_what_is_foreseen_is_information_until_the_program_goes_on(path):
    desk = Loopback()
    desk.session()
    desk.stopped(finding(path, 3, rule="double-backward", severity="error", foreseen=True))
    (mark,) = desk.marks(path.as_uri())
    assert mark["severity"] == 3
    desk.store.update("s", state="running")
    assert desk.marks(path.as_uri()) == []
    desk.send(finding(path, 3, rule="double-backward", severity="error"))
    (mark,) = desk.marks(path.as_uri())
    assert mark["severity"] == 1


def test_what_happened_hides_that_it_was_foreseen(path):
    desk = Loopback()
    desk.session()
    desk.stopped(
        finding(path, 3, rule="double-backward", severity="error", foreseen=True),
        finding(path, 3, rule="double-backward", severity="error"),
    )
    (mark,) = desk.marks(path.as_uri())
    assert mark["severity"] == 1


def test_marks_stay_after_the_end_and_go_when_the_program_starts_anew(path):
    desk = Loopback()
    desk.session("one")
    desk.send(finding(path, 2), session="one")
    desk.store.update("one", state="ended")
    assert len(desk.marks(path.as_uri())) == 1
    desk.session("other", label="eval.py")
    assert len(desk.marks(path.as_uri())) == 1
    desk.session("two")
    assert desk.marks(path.as_uri()) == []


def test_children_of_an_ended_run_go_with_it(path):
    desk = Loopback()
    desk.session("one")
    desk.session("rank", label="rank 1", parent="one")
    desk.send(finding(path, 2), session="rank")
    desk.store.update("rank", state="ended")
    desk.store.update("one", state="ended")
    desk.session("two")
    assert desk.marks(path.as_uri()) == []


def test_two_running_sessions_of_one_program_mark_a_fault_once(path):
    desk = Loopback()
    desk.session("one")
    desk.send(finding(path, 2), session="one")
    desk.session("two")
    desk.send(finding(path, 2), session="two")
    assert len(desk.marks(path.as_uri())) == 1


def test_the_client_s_own_name_of_the_file_is_used(path, tmp_path):
    link = tmp_path / "link.py"
    link.symlink_to(path)
    desk = Loopback()
    desk.session()
    uri = desk.open(link, PROGRAM)
    desk.send(finding(path, 2))
    assert len(desk.marks(uri)) == 1
    assert desk.marks(path.as_uri()) == []


def test_opening_a_document_that_differs_from_the_file_moves_the_columns(path):
    desk = Loopback()
    desk.session()
    desk.send(finding(path, 2))
    uri = desk.open(path, PROGRAM.replace("    opt", "        opt"))
    (mark,) = desk.marks(uri)
    assert mark["range"]["start"]["character"] == 8


def test_a_file_that_is_not_here_is_marked_by_line(tmp_path):
    desk = Loopback()
    desk.session()
    gone = tmp_path / "gone.py"
    desk.send(finding(gone, 12))
    (mark,) = desk.marks(gone.as_uri())
    assert mark["range"]["start"] == {"line": 11, "character": 0}
    assert mark["range"]["end"]["line"] == 11


def test_what_is_no_file_is_not_marked():
    desk = Loopback()
    desk.session()
    desk.send(finding(Path("<stdin>"), 1))
    assert desk.notified("textDocument/publishDiagnostics") == []

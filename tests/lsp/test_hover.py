"""Hover, on snapshots made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from lsp.loopback import Loopback, finding
from report.tapes import NOTHING_KEPT, Tape, seed, seed_gradients
from report.test_memory import LOSSES, SINGLE
from tapelens.wire.gradients import FirstNonFinite, HookedGradients
from tapelens.wire.sites import Site
from tapelens.wire.snapshot import WillRaise

PROGRAM = """\
x = torch.tensor(3.0, requires_grad=True)
y1 = x + 1
y2 = 2 * x
loss = (y1 - y2) ** 2
loss.backward()
print(x.grad, batch["mask"], model)

def f(x):
    return x
"""


def site(path: Path, line: int = 5, function: str = "<module>") -> Site:
    return Site(path=str(path), line=line, function=function, in_library=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def card(desk: Loopback, path: Path, marked: str) -> str | None:
    """The card at ``|`` in a line of the program, found by its text."""
    text = path.read_text(encoding="utf-8") if path.exists() else PROGRAM
    before, _, after = marked.partition("|")
    start = text.index(before + after) + len(before)
    row = text.count("\n", 0, start)
    answer = desk.hover(path.as_uri(), row, start - (text.rfind("\n", 0, start) + 1))
    return None if answer is None else answer["contents"]["value"]


def test_a_stopped_session_s_tensor_is_explained(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert text.startswith(
        "`y1` · Tensor () float32 cpu · non-leaf · requires_grad · grad_fn `AddBackward0` · version 0"
    )
    assert "**Why is y1.grad None?**" in text
    assert "call y1.retain_grad() before loss.backward()" in text
    assert "- loss.backward(): computes its gradient and keeps none" in text
    assert "Seen at stop 1, train.py:5." in text


def test_an_attribute_of_a_tensor_shows_the_tensor_and_marks_the_whole_expression(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    answer = desk.hover(path.as_uri(), 4, len("loss.back"))
    assert answer["contents"]["value"].startswith("`loss` · Tensor")
    assert answer["range"] == {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 13}}


def test_a_subscript_is_found_however_it_is_quoted(path):
    desk = Loopback()
    desk.session()
    tape = Tape()
    tape.tensor("batch['mask']", shape=(2, 3), dtype="bool")
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, 'batch["ma|sk"]')
    assert text is not None
    assert "Tensor (2, 3) bool" in text


def test_a_module_shows_what_it_holds(path):
    desk = Loopback()
    desk.session()
    tape = Tape()
    for index in range(20):
        tape.tensor(f"model.layers[{index}].weight", shape=(2, 2), type_name="Parameter", requires_grad=1)
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, "mo|del)")
    assert text is not None
    assert text.startswith("`model` · 20 tensors")
    assert "`model.layers[11].weight` · Parameter" in text
    assert "8 more" in text


def test_a_name_that_keeps_old_graphs_says_so(path):
    desk = Loopback()
    desk.session()
    tape = seed()
    tape.tensor('batch["mask"]', shape=(2,))
    tape.memory = replace(NOTHING_KEPT, keepers=(replace(SINGLE, path="y1"), replace(LOSSES, path="batch")))
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert "y1 keeps a graph of an earlier step alive: 6 nodes and 40.0 MiB." in text
    text = card(desk, path, 'print(x.grad, |batch["mask"]')
    assert text is not None
    assert "batch keeps the graphs of 312 tensors from earlier steps alive" in text
    text = card(desk, path, "|y2 = 2")
    assert text is not None
    assert "earlier step" not in text


def test_what_flowed_in_the_last_backward_is_told_of_a_non_leaf(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)), seed_gradients())
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert "gradient of the last backward: \\-4" in text


def test_what_hooks_changed_and_who_made_it_not_finite_is_told_of_a_non_leaf(path):
    desk = Loopback()
    desk.session()
    sub = replace(
        seed_gradients(),
        hooked=HookedGradients(key=(101,), output_nr=(0,), where=("tensor",), before=(2,), after=(1,), changed=(1,)),
        first_nonfinite=FirstNonFinite(
            key=101, position=-1, name="AddBackward0", nan=1, inf=0, site=None, module="", hook="clip"
        ),
    )
    desk.stopped(seed().snapshot(site=site(path)), sub)
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert "gradient before its hooks: 4" in text
    assert "first not finite: The hook" in text


def test_hooks_are_named_with_their_line(path):
    desk = Loopback()
    desk.session()
    tape = seed()
    tape.hook("scale_it", tensor=0, line=9)
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, "= |x + 1")
    assert text is not None
    assert "hook: `scale_it` on its gradient, train.py:9" in text


def test_nothing_is_said_of_a_program_that_runs(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    desk.store.update("s", state="running")
    assert card(desk, path, "|y1 = x") is None


def test_a_stop_in_another_file_says_nothing(path, tmp_path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(tmp_path / "other.py")))
    assert card(desk, path, "|y1 = x") is None


def test_a_card_of_an_earlier_stop_says_where_the_program_stands_now(path, tmp_path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    desk.stopped(seed().snapshot(stop=2, site=site(tmp_path / "model.py", 7, "forward")))
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert "The program stands at stop 2 now, model.py:7." in text


def test_a_name_of_another_function_is_not_the_frames(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    assert card(desk, path, "return |x") is None


def test_a_link_to_the_file_is_the_file(path, tmp_path):
    desk = Loopback()
    desk.session()
    link = tmp_path / "link.py"
    link.symlink_to(path)
    desk.stopped(seed().snapshot(site=site(path)))
    assert card(desk, link, "|y1 = x") is not None


def test_two_sessions_in_one_file_each_have_their_card(path):
    desk = Loopback()
    for rank in (0, 1):
        session = desk.session(f"rank{rank}")
        desk.stopped(seed().snapshot(site=site(path)), session=session, rank=rank)
    text = card(desk, path, "|y1 = x")
    assert text is not None
    assert text.index("**train.py, rank 0**") < text.index("---") < text.index("**train.py, rank 1**")


def test_columns_are_utf_16_and_characters_beyond_it_count_twice(path):
    text = 'print("😀😀", loss)\n'
    path.write_text(text, encoding="utf-8")
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path, 1)))
    uri = desk.open(path, text)
    start = text.index("loss") + 2  # two more units than characters
    assert desk.hover(uri, 0, start + 4)["range"] == {
        "start": {"line": 0, "character": start},
        "end": {"line": 0, "character": start + 4},
    }
    assert desk.hover(uri, 0, start - 2) is None


def test_a_client_that_counts_in_bytes_gets_bytes(path):
    text = 'print("😀😀", loss)\n'
    path.write_text(text, encoding="utf-8")
    desk = Loopback(capabilities={"general": {"positionEncodings": ["utf-8"]}})
    desk.session()
    desk.stopped(seed().snapshot(site=site(path, 1)))
    start = len(text[: text.index("loss")].encode())
    assert desk.hover(path.as_uri(), 0, start)["range"]["end"] == {"line": 0, "character": start + 4}


def test_a_backward_that_will_raise_is_told_once(path):
    desk = Loopback()
    desk.session()
    tape = seed()
    message = "loss.backward() will raise: it was freed."
    tape.foresee(7 - 4, will_raise=WillRaise(reason="freed", node=4, freed_by=None, message=message))
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, "|loss = ")
    assert text is not None
    assert text.count(message) == 1


def test_the_open_document_counts_and_not_the_file(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    uri = desk.open(path, "# new line\ny1.grad\n")
    assert desk.hover(uri, 1, 1)["contents"]["value"].startswith("`y1`")
    change = {"range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 7}}, "text": "(y1.gr"}
    tell = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]}
    desk.tell("textDocument/didChange", tell)
    assert desk.hover(uri, 1, 2)["contents"]["value"].startswith("`y1`")


@pytest.mark.parametrize(
    ("uri", "line"), [("file:///nowhere/at/all.py", 3), ("untitled:Untitled-1", 0), ("nonsense", 0), ("", 0)]
)
def test_documents_that_are_no_files_have_no_card(uri, line):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot())
    assert desk.hover(uri, line, 0) is None


def test_past_the_end_of_the_document_there_is_nothing(path):
    desk = Loopback()
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    assert desk.hover(path.as_uri(), 4000, 4000) is None
    assert desk.hover(path.as_uri(), 1, 4000) is None


def test_nothing_that_a_program_says_becomes_markup(path):
    desk = Loopback()
    desk.session()
    tape = Tape()
    nasty = "<img src=x onerror=alert(1)> [click](command:evil) `tick` **bold**\n# title"
    tape.tensor("y1", type_name=nasty, not_shown=nasty, module="a`b")
    desk.stopped(tape.snapshot(site=site(path)))
    text = card(desk, path, "|y1 = x")
    assert text is not None
    shown = MarkdownIt("commonmark").render(text)
    assert not [tag for tag in ("<img", "<a ", "<h1") if tag in shown]
    assert "<code>a`b</code>" in shown


def test_a_client_that_shows_plain_text_gets_plain_text(path):
    desk = Loopback(capabilities={"textDocument": {"hover": {"contentFormat": ["plaintext"]}}})
    desk.session()
    desk.stopped(seed().snapshot(site=site(path)))
    answer = desk.hover(path.as_uri(), 1, 0)
    assert answer["contents"]["kind"] == "plaintext"
    assert answer["contents"]["value"].startswith("y1 · Tensor () float32 cpu · non-leaf · requires_grad")


def test_findings_alone_make_no_card(path):
    desk = Loopback()
    desk.session()
    desk.stopped(finding(path, 5))
    assert card(desk, path, "|y1 = x") is None

"""Stops, backwards and findings as text."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from report.tapes import Tape, seed, seed_gradients
from tapelens.report.text import PIPE_WIDTH, TextReport, console_for
from tapelens.store.sessions import StopSettled
from tapelens.wire.findings import Finding
from tapelens.wire.gradients import HookedGradients
from tapelens.wire.processes import Uncaught
from tapelens.wire.sites import Site
from tapelens.wire.snapshot import Snapshot, WillRaise

SOURCE = "x = tensor(3.0)\ny1 = x + 1\nloss = (y1 - 2 * x) ** 2\nloss.backward()\nprint(x.grad)\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = tmp_path / "train.py"
    path.write_text(SOURCE, encoding="utf-8")
    return Site(path=str(path), line=4, function="<module>", in_library=False)


def printed(*, width: int = PIPE_WIDTH, colours: bool = False, explain: bool = False):
    file = io.StringIO()
    console = Console(file=file, width=width, force_terminal=colours, markup=False, highlight=False, emoji=False)
    return TextReport(console, explain=explain), file


def settled(snapshot: Snapshot | None, site: Site, *, reason: str = "breakpoint", text: str = "") -> StopSettled:
    return StopSettled(
        session="s",
        reason=reason,
        text=text,
        thread=1,
        path=site.path,
        line=site.line,
        function=site.function,
        snapshot=snapshot,
    )


def text_of(tape: Tape, site: Site, *, width: int = PIPE_WIDTH, explain: bool = False) -> str:
    report, file = printed(width=width, explain=explain)
    report.stop(settled(tape.snapshot(site=site), site))
    return file.getvalue()


def line_of(text: str, beginning: str) -> str:
    """The line that begins so, with single blanks."""
    return next(line for line in (" ".join(each.split()) for each in text.splitlines()) if line.startswith(beginning))


def test_the_line_about_to_run_is_marked_in_its_source(site: Site):
    text = text_of(seed(), site)
    assert f"breakpoint {site.path}:4 in <module>" in text
    assert "  >    4 loss.backward()" in text.splitlines()
    assert "       5 print(x.grad)" in text.splitlines()


def test_the_table_has_a_row_for_each_tensor_of_the_frame(site: Site):
    text = text_of(seed(), site)
    assert line_of(text, "x scalar") == "x scalar float32 cpu yes yes None - fills .grad"
    assert line_of(text, "y1 scalar") == "y1 scalar float32 cpu no yes None AddBackward0 passes on"


def test_the_tape_names_nodes_by_their_tensors_and_says_what_comes_next(site: Site):
    text = text_of(seed(), site)
    assert "tape: 5 nodes, 8 B saved for backward, leaves first" in text
    assert line_of(text, "4 SubBackward0") == "4 SubBackward0 y1, y2 scalar"
    assert line_of(text, "5 PowBackward0") == "5 PowBackward0 loss #4 scalar 4 B"


def test_the_forecast_follows_the_tape(site: Site):
    assert "loss.backward() will fill x.grad." in text_of(seed(), site)


def test_sentences_for_newcomers_are_told_when_asked_for(site: Site):
    assert "Why is y1.grad None?" in text_of(seed(), site, explain=True)
    assert "Why is y1.grad None?" not in text_of(seed(), site)


def test_a_pipe_gets_no_escapes_and_no_trailing_blanks(site: Site):
    text = text_of(seed(), site)
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if line != line.rstrip()] == []


def test_a_terminal_gets_colours(site: Site):
    report, file = printed(colours=True)
    report.stop(settled(seed().snapshot(site=site), site))
    assert "\x1b[" in file.getvalue()


def test_a_nodes_line_made_it_or_called_the_module_that_did(site: Site):
    tape = Tape()
    tape.node("MulBackward0", site=tape.site(3, "forward"))
    snapshot = tape.snapshot(site=site)
    for lines, heading in (("every_line", "# node tensor next line"), ("module_calls", "# node tensor next called at")):
        report, file = printed()
        report.stop(settled(replace(snapshot, lines=lines), site))
        assert line_of(file.getvalue(), "# node").startswith(heading)


def test_a_narrow_terminal_says_once_what_is_the_same_in_each_row(site: Site):
    text = text_of(seed(), site, width=80)
    assert "all float32 on cpu" in text
    assert line_of(text, "y1 scalar") == "y1 scalar no yes None AddBackward0 passes on"


def test_a_graph_of_modules_is_folded_by_module(site: Site):
    tape = Tape()
    row = tape.node("AccumulateGrad", leaf=tape.tensor("w", requires_grad=1))
    for layer in range(4):
        for _ in range(12):
            row = tape.node("AddmmBackward0", row, module=f"model.layers.{layer}", saved_bytes=512, state="alive")
    text = text_of(tape, site)
    assert line_of(text, "model.layers.3") == "model.layers.3 12 Addmm x12 6.0 KiB"


def test_a_long_graph_without_modules_shows_its_latest_part_and_counts_the_rest(site: Site):
    tape = Tape()
    row = tape.node("AccumulateGrad")
    for _ in range(60):
        row = tape.node("MulBackward0", row)
    text = text_of(tape, site)
    assert "… 21 earlier nodes" in text
    assert line_of(text, "61 MulBackward0") == "61 MulBackward0 #60 scalar"


def test_a_backward_that_will_raise_is_said(site: Site):
    tape = seed()
    tape.foresee(3, will_raise=WillRaise(reason="freed", node=4, freed_by=None, message="It will raise: freed."))
    assert "  It will raise: freed." in text_of(tape, site).splitlines()


def test_what_flowed_is_told_by_tensor_and_by_edge():
    report, file = printed()
    report.backward(seed_gradients(), seed().snapshot())
    text = file.getvalue()
    assert line_of(text, "y2 4") == "y2 4 scalar"
    assert line_of(text, "x 4") == "x 4 scalar 4"
    assert line_of(text, "MulBackward0 (y2)") == "MulBackward0 (y2) AccumulateGrad (x) 8 scalar"


def test_what_hooks_were_given_and_left_is_told_and_what_was_not_watched():
    report, file = printed()
    hooked = HookedGradients(
        key=(101, 100),
        output_nr=(0, 0),
        where=("tensor", "post_accumulate"),
        before=(0, 2),
        after=(1, 2),
        changed=(1, 0),
    )
    report.backward(replace(seed_gradients(), hooked=hooked, left_out=3), seed().snapshot())
    lines = [line.split("  ") for line in file.getvalue().splitlines()]
    told = [[part.strip() for part in line if part.strip()] for line in lines]
    assert ["hooks of the tensor", "AddBackward0 (y1)", "1", "-4"] in told
    assert ["hooks after .grad was filled", "AccumulateGrad (x)", "4", "the same"] in told
    assert ["3 nodes of the graph not watched, or not read whether finite."] in told


def test_what_nobody_catches_is_told_at_its_stop(site: Site):
    report, file = printed()
    report.uncaught(Uncaught(kind="uncaught", type_name="RuntimeError", message="freed\nalready", site=site, stop=1))
    report.stop(settled(None, site, reason="exception", text="RuntimeError"))
    assert "  RuntimeError: freed\n  already\n" in file.getvalue()


def test_a_sentence_is_told_to_newcomers_once(site: Site):
    report, file = printed(explain=True)
    for _ in range(2):
        report.stop(settled(seed().snapshot(site=site), site))
    assert file.getvalue().count("Why is y1.grad None?") == 1


def test_a_stop_for_a_finding_does_not_tell_its_message_again(site: Site):
    report, file = printed()
    report.finding(a_finding(site, "Nothing cleared w.grad."))
    report.stop(settled(None, site, reason="missing-zero-grad", text="Nothing cleared w.grad."))
    assert file.getvalue().count("Nothing cleared w.grad.") == 1


def test_edges_of_another_graph_are_left_out():
    tape = Tape()
    tape.node("AccumulateGrad", key=100, leaf=tape.tensor("x", requires_grad=1))
    report, file = printed()
    report.backward(seed_gradients(), tape.snapshot())
    assert line_of(file.getvalue(), "x 4") == "x 4 scalar 4"
    assert "node 104" not in file.getvalue()


def test_a_stop_without_a_snapshot_says_so(site: Site):
    report, file = printed()
    report.stop(settled(None, site))
    assert "Nothing to show here" in file.getvalue()


def test_a_file_that_is_not_here_leaves_its_lines_out():
    report, file = printed()
    report.stop(settled(None, Site(path="/nowhere/a.py", line=3, function="f", in_library=False)))
    assert "breakpoint /nowhere/a.py:3 in f" in file.getvalue()
    assert "  >" not in file.getvalue()


def test_names_and_messages_cannot_drive_the_terminal(site: Site):
    tape = Tape()
    tape.tensor("\x1b]0;owned\x07[bold]x[/bold]")
    text = text_of(tape, site)
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]x[/bold]" in text


def a_finding(site: Site, message: str) -> Finding:
    return Finding(
        kind="finding",
        rule="double-backward",
        severity="error",
        message=message,
        site=site,
        span=None,
        related=(),
        facts=(),
        fix=None,
        seen="live",
        foreseen=False,
        stop=1,
        count=1,
    )


def test_a_finding_is_told_with_its_source_line(site: Site):
    report, file = printed()
    report.finding(a_finding(site, "loss carries a freed graph."))
    assert file.getvalue().splitlines()[1:] == [
        f"error double-backward {site.path}:4 in <module>",
        "  loss carries a freed graph.",
        "  >    4 loss.backward()",
    ]


def test_a_pipes_width_is_fixed_unless_columns_says_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console_for(io.StringIO()).width == PIPE_WIDTH
    monkeypatch.setenv("COLUMNS", "70")
    assert console_for(io.StringIO()).width == 70

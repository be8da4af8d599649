"""Live findings over source ones, and how live ones are judged."""

from __future__ import annotations

from pathlib import Path

import pytest

from check.found import found
from tapelens.check.judge import Judge
from tapelens.check.live import in_order, once
from tapelens.settings import SettingsReader
from tapelens.store.sessions import FindingArrived, SessionInfo, Store
from tapelens.wire import VERSION
from tapelens.wire.envelope import Batch
from tapelens.wire.findings import Edit, Fix
from tapelens.wire.processes import Process
from tapelens.wire.sites import Span

SPAN = Span(line=2, column=5, end_line=2, end_column=21)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "train.py"
    path.write_text("for x in data:\n    optimizer.step()\n    loss.backward()\n", encoding="utf-8")
    return path


def test_what_happened_stands_in_place_of_what_the_source_shows_with_its_columns_and_fix(path: Path):
    fix = Fix(title="Insert it", edits=(Edit(path=str(path), span=SPAN, text=""),), is_safe=True)
    source = found(path, 2, span=SPAN, fix=fix, message="It may.")
    live = found(path, 2, seen="live", message="It did.")
    for order in ([source, live], [live, source]):
        (finding,) = once(order)
        assert (finding.seen, finding.message, finding.span, finding.fix) == ("live", "It did.", SPAN, fix)


def test_another_line_rule_or_file_is_another_fault(path: Path, tmp_path: Path):
    findings = [
        found(path, 2),
        found(path, 3, seen="live"),
        found(path, 2, rule="double-backward", seen="live"),
        found(tmp_path / "other.py", 2, seen="live"),
    ]
    assert len(once(findings)) == 4


def test_a_file_is_one_by_whatever_name(path: Path, tmp_path: Path):
    link = tmp_path / "link.py"
    link.symlink_to(path)
    assert [each.seen for each in once([found(path, 2), found(link, 2, seen="live")])] == ["live"]


def test_the_source_is_surer_than_what_is_foreseen_and_a_fact_surer_than_both(path: Path):
    foreseen = found(path, 2, seen="live", foreseen=True, message="foreseen")
    source = found(path, 2, message="source")
    assert [each.message for each in once([source, foreseen])] == ["source"]
    assert [each.message for each in once([foreseen, found(path, 2, seen="live", message="live")])] == ["live"]


def test_findings_are_put_in_order(path: Path):
    assert [each.site.line for each in in_order([found(path, 3), found(path, 1), found(path, 2)])] == [1, 2, 3]


# Judged ---------------------------------------------------------------------------------------------------------------


def judged(path: Path, *lines: int, project: str = "") -> list[tuple[int, str]]:
    """What of live findings at these lines reaches those who listen to a store."""
    if project:
        path.with_name("pyproject.toml").write_text(project, encoding="utf-8")
    store = Store(Judge(SettingsReader()).judge)
    store.open(SessionInfo(session="s", label="train.py"))
    heard: list[tuple[int, str]] = []
    store.subscribe(
        lambda change: (
            heard.append((change.finding.site.line, change.finding.severity))
            if isinstance(change, FindingArrived)
            else None
        )
    )
    process = Process(pid=1, host="here", rank=None, local_rank=None, parent=0, restart=0)
    messages = tuple(found(path, line, seen="live") for line in lines)
    store.take("s", Batch(kind="batch", wire=VERSION, process=process, messages=messages))
    assert [(each.site.line, each.severity) for each in store.findings("s")] == heard
    return heard


def test_a_comment_silences_a_live_finding_too(path: Path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("step()", "step()  # tapelens: ignore[missing-zero-grad]"), encoding="utf-8")
    assert judged(path, 2, 3) == [(3, "warning")]


def test_a_project_s_settings_hold_for_live_findings(path: Path):
    assert judged(path, 2, project='[tool.tapelens]\nignore = ["missing-zero-grad"]\n') == []
    assert judged(path, 2, project='[tool.tapelens.severity]\nmissing-zero-grad = "error"\n') == [(2, "error")]


def test_what_a_baseline_lists_is_known_however_often_it_is_seen(path: Path, tmp_path: Path):
    known = '{"version": 1, "findings": {"train.py": {"missing-zero-grad": {"optimizer.step()": 1}}}}'
    (tmp_path / "known.json").write_text(known, encoding="utf-8")
    assert judged(path, 2, 2, 3, 2, project='[tool.tapelens]\nbaseline = "known.json"\n') == [(3, "warning")]


def test_settings_that_cannot_be_read_silence_nothing_and_are_said(path: Path):
    path.with_name("pyproject.toml").write_text("[tool.tapelens]\nselekt = []\n", encoding="utf-8")
    judge = Judge(SettingsReader())
    assert judge.judge(found(path, 2, seen="live")) is not None
    assert judge.judge(found(path, 3, seen="live")) is not None
    (problem,) = judge.problems
    assert "did you mean select" in problem


@pytest.mark.parametrize("name", ["<stdin>", "/no/such/file.py", "", "<ipython-input-3>"])
def test_what_is_no_file_here_is_shown(name: str):
    assert Judge(SettingsReader()).judge(found(name, 3, seen="live")) is not None

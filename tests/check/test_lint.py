"""What comes of looking through files: judged, silenced, known, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from check.found import found
from check.planted import RULE, plant
from tapelens.check.baseline import read_baseline, write_baseline
from tapelens.check.comments import ignoring
from tapelens.check.files import python_files
from tapelens.check.fixes import applied
from tapelens.check.judge import Judge
from tapelens.check.lint import Checked, lint
from tapelens.errors import UsageError
from tapelens.report.excerpt import excerpt
from tapelens.settings import SettingsReader
from tapelens.source import SourceFile
from tapelens.wire.findings import Finding


def write(folder: Path, text: str, name: str = "train.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def look(*paths: Path, **judging: object) -> Checked:
    reader = SettingsReader()
    return lint(python_files(paths, reader), Judge(reader, **judging), reader)  # pyright: ignore[reportArgumentType]


def told(checked: Checked) -> list[tuple[str, int, str]]:
    return [(each.rule, each.site.line, each.severity) for each in checked.findings]


def test_findings_come_by_file_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, "x()  # FAULT\ny()\nz()  # FAULT\n", "b.py")
    write(tmp_path, "x()\ny()  # FAULT\n", "a.py")
    checked = look(tmp_path)
    assert [(Path(each.site.path).name, each.site.line) for each in checked.findings] == [
        ("a.py", 2),
        ("b.py", 1),
        ("b.py", 3),
    ]
    assert checked.files == 2


def test_a_comment_silences_a_rule_and_is_then_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, f"x(\n    1\n)  # FAULT tapelens: ignore\ny()  # FAULT # tapelens: ignore[{RULE}]\n")
    assert told(look(tmp_path)) == [(RULE, 3, "warning")]
    assert look(tmp_path).silenced == 1


def test_a_comment_behind_a_statement_of_many_lines_silences_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, f"x(\n    1,  # FAULT\n)  # tapelens: ignore[{RULE}]\n")
    assert told(look(tmp_path)) == []


def test_a_comment_in_a_string_silences_nothing_and_is_not_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, f"x = '# tapelens: ignore[{RULE}]'  # FAULT\ny = '# tapelens: ignore[{RULE}]'\n")
    assert told(look(tmp_path)) == [(RULE, 1, "warning")]


@pytest.mark.parametrize(
    ("comment", "severity", "words"),
    [
        (f"ignore[{RULE}]", "information", "finds nothing here in the source; a run may still"),
        ("ignore[mising-zero-grad]", "warning", "There is no rule 'mising-zero-grad': did you mean missing-zero-grad?"),
        ("ignore", "warning", "names no rule"),
        ("ignore[syntax-error]", "warning", "No comment silences syntax-error"),
    ],
)
def test_a_comment_that_silences_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comment: str, severity: str, words: str
):
    plant(monkeypatch)
    write(tmp_path, f"x()  # tapelens: {comment}\n")
    (finding,) = look(tmp_path).findings
    assert (finding.rule, finding.severity) == ("unused-ignore", severity)
    assert words in finding.message
    assert finding.span is not None
    assert finding.span.column == 6


def test_a_comment_for_what_only_a_run_sees_is_never_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)  # which takes every other rule's source twin away
    write(tmp_path, "x()  # tapelens: ignore[double-backward]\n")
    assert told(look(tmp_path)) == []


def test_a_comment_for_a_rule_that_is_off_is_not_unused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, f"x()  # tapelens: ignore[{RULE}]\n")
    assert told(look(tmp_path, ignore=(RULE,))) == []


def test_an_unused_comment_can_be_kept_by_another_name_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, f"x()  # tapelens: ignore[{RULE}, unused-ignore]\n")
    assert told(look(tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "mended"),
    [
        ("x()  # tapelens: ignore[zzz]", "x()"),
        ("x()  # tapelens: ignore[zzz]  # why", "x()  # why"),
        ("# tapelens: ignore[zzz]\nx()", "x()"),
        ("x()  # tapelens: ignore[zzz] as it must be", None),
    ],
)
def test_a_useless_comment_can_be_taken_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, mended: str | None
):
    plant(monkeypatch)
    path = write(tmp_path, f"{line}\n")
    (finding,) = look(tmp_path).findings
    if mended is None:
        assert finding.fix is None
    else:
        assert finding.fix is not None
        assert applied(f"{line}\n", [finding.fix], path=str(path))[0] == f"{mended}\n"


@pytest.mark.parametrize(
    "data",
    [
        b"def f(x)\n    return x\n",
        b"x = 1\0\n",
        b"# coding: nope\nx = 1\n",
        b'x = "\xff"\n',
        b"x = (" * 500 + b"\n",
        b"for x in y:\n",
        b"\xff\xfex\x00",
    ],
    ids=["half typed", "null byte", "unknown coding", "no utf-8", "deep", "open block", "utf-16"],
)
def test_what_is_no_python_is_one_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes):
    plant(monkeypatch)
    (tmp_path / "bad.py").write_bytes(data)
    write(tmp_path, "x()  # FAULT\n", "good.py")
    checked = look(tmp_path, select=(RULE,))
    assert [(Path(each.site.path).name, each.rule) for each in checked.findings] == [
        ("bad.py", "syntax-error"),
        ("good.py", RULE),
    ]
    assert checked.findings[0].message.endswith("Nothing in this file was looked at.")
    assert not checked.failed


def test_a_form_feed_ends_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    text = "a = 1\n\x0c\nb = '\u2028'\nx()  # FAULT\n"
    path = write(tmp_path, text)
    (finding,) = look(path).findings
    assert finding.site.line == 4
    file = tmp_path / "known.json"
    write_baseline(file, [finding], Judge(SettingsReader()).texts.line)
    assert "x()  # FAULT" in file.read_text(encoding="utf-8")
    assert excerpt(str(path), 4, before=0, after=0).lines == ("x()  # FAULT",)
    silencing = ignoring(finding, text, ())
    assert silencing is not None
    after, _ = applied(text, [silencing], path=str(path))
    assert after == text.replace("FAULT", f"FAULT  # tapelens: ignore[{RULE}]")


def test_an_empty_file_is_a_sound_one(tmp_path: Path):
    write(tmp_path, "")
    assert told(look(tmp_path)) == []


def test_a_rule_that_fails_is_said_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def failing(file: SourceFile) -> Iterator[Finding]:
        yield found(file.path, 1)
        raise KeyError("step")

    plant(monkeypatch, failing)
    write(tmp_path, "x()\n")
    checked = look(tmp_path)
    assert checked.failed
    assert told(checked) == [(RULE, 1, "warning"), ("probe-fault", 1, "information")]
    assert "missing-zero-grad failed on this file (KeyError: 'step')" in checked.findings[1].message


def test_a_project_s_settings_choose_rules_and_severity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    write(tmp_path, "x()  # FAULT\n", "a/x.py")
    write(tmp_path, "x()  # FAULT\n", "b/x.py")
    write(tmp_path / "a", f'[tool.tapelens.severity]\n{RULE} = "error"\n', "pyproject.toml")
    write(tmp_path / "b", f'[tool.tapelens]\nignore = ["{RULE}"]\n', "pyproject.toml")
    assert told(look(tmp_path)) == [(RULE, 1, "error")]
    assert told(look(tmp_path / "b", select=(RULE,))) == []
    assert told(look(tmp_path / "a", select=("double-backward",))) == []


def test_a_setting_that_is_none_is_refused(tmp_path: Path):
    write(tmp_path, "x()\n")
    write(tmp_path, "[tool.tapelens]\nselekt = []\n", "pyproject.toml")
    with pytest.raises(UsageError, match="did you mean select"):
        look(tmp_path)


def test_known_findings_are_not_shown_and_those_gone_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    path = write(tmp_path, "x()  # FAULT\ny()  # FAULT\n")
    file = tmp_path / "known.json"
    judge = Judge(SettingsReader())
    write_baseline(file, look(tmp_path).findings, judge.texts.line)
    write(tmp_path, "\n\nx()  # FAULT\nz()  # FAULT\n")
    checked = look(path, baseline=read_baseline(file))
    assert (told(checked), checked.known, checked.unmet) == ([(RULE, 4, "warning")], 1, 1)
    write(tmp_path, '[tool.tapelens]\nbaseline = "known.json"\n', "pyproject.toml")
    assert told(look(path)) == [(RULE, 4, "warning")]
    assert len(look(path, has_baseline=False).findings) == 2


def test_a_finding_in_a_file_that_another_leads_to_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = write(tmp_path, "x()\n", "b.py")
    write(tmp_path, "import b\n", "a.py")
    plant(monkeypatch, lambda _: iter([found(target, 1)]))
    assert told(look(tmp_path)) == [(RULE, 1, "warning")]
    write(tmp_path, f"x()  # tapelens: ignore[{RULE}]\n", "b.py")
    assert told(look(tmp_path)) == []

"""Known findings are recognised where their lines have moved, and new ones are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check.found import found
from tapelens.check.baseline import read_baseline, write_baseline
from tapelens.errors import UsageError

PROGRAM = "for x in data:\n    optimizer.step()\n    loss.backward()\n    optimizer.step()\n"


def line_of(path: str, line: int) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return lines[line - 1] if line <= len(lines) else ""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    folder = tmp_path / "src"
    folder.mkdir()
    path = folder / "train.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def test_a_known_finding_is_known_after_its_line_moved_and_was_indented(tmp_path: Path, program: Path):
    file = tmp_path / "known.json"
    write_baseline(file, [found(program, 2)], line_of)
    program.write_text("def f():\n" + PROGRAM.replace("    opt", "        opt"), encoding="utf-8")
    known = read_baseline(file)
    assert known.knows(found(program, 3), line_of)
    assert known.unmet() == 0


def test_each_is_forgiven_as_often_as_it_is_listed(tmp_path: Path, program: Path):
    file = tmp_path / "known.json"
    write_baseline(file, [found(program, 2)], line_of)
    known = read_baseline(file)
    assert [known.knows(found(program, line), line_of) for line in (2, 4)] == [True, False]


def test_another_rule_line_or_file_is_new(tmp_path: Path, program: Path):
    file = tmp_path / "known.json"
    write_baseline(file, [found(program, 2)], line_of)
    known = read_baseline(file)
    other = program.with_name("other.py")
    other.write_text(PROGRAM, encoding="utf-8")
    assert not known.knows(found(program, 2, rule="double-backward"), line_of)
    assert not known.knows(found(program, 3), line_of)
    assert not known.knows(found(other, 2), line_of)
    assert known.unmet() == 1


def test_the_file_is_readable_sorted_and_relative(tmp_path: Path, program: Path):
    file = tmp_path / "known.json"
    write_baseline(file, [found(program, 4), found(program, 2), found(program, 3, rule="double-backward")], line_of)
    assert json.loads(file.read_text(encoding="utf-8")) == {
        "version": 1,
        "findings": {
            "src/train.py": {
                "double-backward": {"loss.backward()": 1},
                "missing-zero-grad": {"optimizer.step()": 2},
            }
        },
    }


def test_a_project_that_was_moved_keeps_its_baseline(tmp_path: Path, program: Path):
    file = program.parent / "known.json"
    write_baseline(file, [found(program, 2)], line_of)
    program.parent.rename(tmp_path / "elsewhere")
    known = read_baseline(tmp_path / "elsewhere" / "known.json")
    assert known.knows(found(tmp_path / "elsewhere" / "train.py", 2), line_of)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "is no JSON: "),
        ("[]", "is no baseline of tapelens; `tapelens lint --write-baseline FILE` makes one."),
        ('{"findings": {"a.py": 3}}', "is no baseline of tapelens"),
        ('{"findings": {"a.py": {"r": {"t": "x"}}}}', "is no baseline of tapelens"),
        ('{"version": 2, "findings": {}}', "is of a newer tapelens (version 2): update tapelens."),
    ],
)
def test_what_is_no_baseline_is_said_in_one_sentence(tmp_path: Path, text: str, sentence: str):
    file = tmp_path / "known.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        read_baseline(file)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_baseline_that_is_not_there_is_said(tmp_path: Path):
    with pytest.raises(UsageError, match="cannot be read: No such file or directory; `tapelens lint --write-baseline"):
        read_baseline(tmp_path / "gone.json")
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        write_baseline(tmp_path / "no" / "where.json", [], line_of)

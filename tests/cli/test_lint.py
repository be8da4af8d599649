"""``tapelens lint`` as its users run it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from check.planted import RULE, plant
from cli.commands import Ended, script, tapelens
from tapelens.cli import main

LOOP = "for x in data:\n    loss.backward()\n    optimizer.step()  # FAULT\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    return tmp_path


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    status = main(["lint", *arguments])
    told = capsys.readouterr()
    return Ended(status, told.out, told.err)


# The real command -----------------------------------------------------------------------------------------------------


def test_a_broken_file_is_one_finding_and_a_folder_is_looked_through(tmp_path: Path):
    script(tmp_path, "for x in data\n    pass\n", "broken.py")
    script(tmp_path, "x = 1  # tapelens: ignore[mising-zero-grad]\n", "useless.py")
    script(tmp_path, "x = 1\n", "sound.py")
    ended = tapelens("lint", cwd=tmp_path)
    assert ended.status == 1
    assert ended.err == ""
    assert "error[syntax-error]: Python 3." in ended.out
    assert " --> broken.py:1:14\n" in ended.out
    assert "warning[unused-ignore]: There is no rule 'mising-zero-grad': did you mean missing-zero-grad?" in ended.out
    assert ended.out.endswith("2 findings in 2 of 3 files: 1 syntax-error and 1 unused-ignore.\n")


def test_nothing_found_is_status_0_and_json_is_one_object(tmp_path: Path):
    script(tmp_path, "x = 1\n")
    ended = tapelens("lint", "--format=json", ".", cwd=tmp_path)
    assert ended.status == 0
    assert ended.object == {"findings": [], "files": 1, "silenced": 0, "known": 0, "notes": []}


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path: Path):
    for number in range(300):
        script(tmp_path, "for x in data\n", f"m{number}.py")
    command = [sys.executable, "-m", "tapelens", "lint", "--format", "sarif"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


# Options --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone.py"], "gone.py: there is no such file or folder."),
        (["--select", "mising-zero-grad"], "--select: there is no rule 'mising-zero-grad': did you mean missing-zero"),
        (["--ignore", "zzz"], "--ignore: there is no rule 'zzz': `tapelens rules` lists them."),
        (["--baseline", "gone.json"], "The baseline gone.json cannot be read: No such file or directory; "),
        (["--baseline", "train.py"], "The baseline train.py is no JSON: "),
        (
            ["--write-baseline", "no/where.json", "train.py"],
            "The baseline no/where.json cannot be written: No such file",
        ),
        (["--output", "no/where", "train.py"], "--output no/where cannot be written: No such file or directory."),
        (["bad"], "bad/pyproject.toml: [tool.tapelens] selekt: there is no such setting: did you mean select?"),
        (["lost"], "The baseline "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_one_sentence_says_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    script(folder, LOOP)
    for name, text in (("bad", "selekt = []"), ("lost", 'baseline = "gone.json"')):
        (folder / name).mkdir()
        script(folder / name, "x = 1  # tapelens: ignore\n")
        script(folder / name, f"[tool.tapelens]\n{text}\n", "pyproject.toml")
    ended = lint(capsys, *arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert sentence in ended.err


def test_findings_are_shown_with_their_source(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    plant(monkeypatch)
    script(folder, LOOP)
    ended = lint(capsys, "train.py")
    assert ended.status == 1
    assert ended.out.splitlines()[:7] == [
        f"warning[{RULE}]: The step uses old gradients.",
        " --> train.py:3:5",
        "  |",
        "1 | for x in data:",
        "2 |     loss.backward()",
        "3 |     optimizer.step()  # FAULT",
        "  |     ^^^^^^^^^^^^^^^^",
    ]
    assert lint(capsys, "--exit-zero").status == 0
    assert lint(capsys, "--ignore", RULE).status == 0
    assert lint(capsys, "--select", "double-backward").status == 0
    assert lint(capsys, "--select", f"double-backward,{RULE}").status == 1


def test_information_is_shown_to_who_asks_and_sets_no_status(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    plant(monkeypatch)
    script(folder, f"x = 1  # tapelens: ignore[{RULE}]\n")
    ended = lint(capsys)
    assert (ended.status, ended.out) == (
        0,
        "Nothing found in 1 file.\nNot shown: 1 of severity information (--all shows them).\n",
    )
    ended = lint(capsys, "--all")
    assert ended.status == 0
    assert "information[unused-ignore]" in ended.out
    (finding,) = json.loads(lint(capsys, "--format", "json").out)["findings"]
    assert finding["severity"] == "information"
    assert lint(capsys, "--format", "github").out == ""


def test_a_baseline_is_written_and_then_known(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    plant(monkeypatch)
    script(folder, LOOP)
    script(folder, "for x in data\n", "broken.py")
    ended = lint(capsys, "--write-baseline", "known.json")
    assert (ended.status, ended.out, ended.err) == (0, "", "tapelens: 1 finding listed in known.json.\n")
    ended = lint(capsys, "--baseline", "known.json")
    assert ended.status == 1
    assert "syntax-error" in ended.out
    assert RULE not in ended.out
    assert ended.out.endswith("Not shown: 1 known from the baseline.\n")
    script(folder, "x = 1\n")
    assert "1 entry of the baseline is no longer found" in lint(capsys, "--baseline", "known.json").out
    script(folder, '[tool.tapelens]\nbaseline = "known.json"\n', "pyproject.toml")
    script(folder, LOOP)
    assert RULE not in lint(capsys).out
    assert lint(capsys, "--write-baseline", "again.json").err == "tapelens: 1 finding listed in again.json.\n"


def test_the_report_can_go_to_a_file(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    plant(monkeypatch)
    script(folder, LOOP)
    ended = lint(capsys, "--format", "sarif", "--output", "out.sarif")
    assert (ended.status, ended.out, ended.err) == (1, "", "")
    (run,) = json.loads((folder / "out.sarif").read_text(encoding="utf-8"))["runs"]
    assert run["results"][0]["ruleId"] == RULE
    assert run["invocations"][0]["exitCode"] == 1
    ended = lint(capsys, "--format", "github")
    assert ended.out.startswith("::warning file=train.py,line=3,col=5,")


def test_a_fault_of_tapelens_own_is_status_2(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def failing(_: object):
        raise RuntimeError("lost")

    plant(monkeypatch, failing)
    script(folder, LOOP)
    ended = lint(capsys)
    assert ended.status == 2
    assert "information[probe-fault]: The rule missing-zero-grad failed on this file (RuntimeError: lost)" in ended.out


def test_a_folder_without_python_is_said(folder: Path, capsys: pytest.CaptureFixture[str]):
    ended = lint(capsys, ".")
    assert (ended.status, ended.out) == (0, "Nothing found in 0 files.\n")
    assert ended.err == "tapelens: There are no Python files in what was named.\n"


# In front of a commit -------------------------------------------------------------------------------------------------


def test_the_pre_commit_hook_looks_at_the_files_it_is_given_unless_they_are_excluded(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    plant(monkeypatch)
    script(folder, LOOP)
    script(folder, LOOP, "made_pb2.py")
    script(folder, '[tool.tapelens]\nexclude = ["*_pb2.py"]\n', "pyproject.toml")
    hook = Path(__file__).parents[2] / ".pre-commit-hooks.yaml"
    (entry,) = re.findall(r"^  entry: tapelens (.+)$", hook.read_text(encoding="utf-8"), re.MULTILINE)
    verb, *options = entry.split()
    assert verb == "lint"
    ended = lint(capsys, *options, "train.py", "made_pb2.py")
    assert ended.status == 1
    assert ended.out.endswith(f"1 finding in 1 of 1 file: 1 {RULE}.\n")
    assert lint(capsys, *options, "made_pb2.py").status == 0
    assert lint(capsys, "made_pb2.py").status == 1

"""What is asked for wrongly gets one clear sentence and status 2; nothing is started for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from cli.commands import script
from tapelens import __version__
from tapelens.cli import main
from tapelens.cli.attach import read_address
from tapelens.cli.breakpoints import effective_line, read_breakpoint
from tapelens.cli.outcome import ending, exit_status, faults, told_by_debugger
from tapelens.cli.programs import check_program
from tapelens.errors import UsageError
from tapelens.report.json import Run
from tapelens.rules.catalogue import RULES
from tapelens.wire.findings import Finding, Severity
from tapelens.wire.sites import Site

PROGRAM = '"""A program."""\n\nx = 1\n\n# only a comment\n\n\ndef f():\n    return x  # inner\n\n\nprint(f())\n'


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return script(tmp_path, PROGRAM)


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("tapelens: ")
    assert told.err.count("\n") == 1
    return told.err.removeprefix("tapelens: ").rstrip("\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run"], "Name a script to run, or a module with -m"),
        (["run", "missing.py"], "missing.py: there is no such script."),
        (["run", "broken.py"], "broken.py:2: syntax error: "),
        (["run", "--output", "no/where", "train.py"], "--output no/where cannot be written: No such"),
        (["run", "--break", "train.py:3", "missing.py"], "missing.py: there is no such script."),
        (["run", "--break", "train.py:3", "."], " is a folder without a __main__.py: name a Python file in it."),
        (["run", "--break", "train.py:3", "broken.py"], "broken.py:2: syntax error: "),
        (["run", "--break", "train.py:3", "null.py"], "null.py"),
        (["run", "--break", "train.py", "train.py"], "--break takes FILE:LINE or FILE:LINE:CONDITION, such as "),
        (["run", "--break", "train.py:x", "train.py"], "--break takes FILE:LINE or FILE:LINE:CONDITION, such as "),
        (["run", "--break", "gone.py:3", "train.py"], "--break gone.py: there is no such file."),
        (["run", "--break", ".:3", "train.py"], "--break . is a folder: name a Python file in it."),
        (["run", "--break", "train.py:0", "train.py"], "--break train.py:0: lines count from 1."),
        (
            ["run", "--break", "train.py:99", "train.py"],
            "--break train.py:99: there is no code to stop at on this line",
        ),
        (["run", "--break", "train.py:3:x ==", "train.py"], "--break's condition 'x ==' is no Python expression: "),
        (["run", "--break", "train.py:3:x = 1", "train.py"], "--break's condition 'x = 1' is no Python expression: "),
        (["run", "--pause-on", "missing-zerograd", "train.py"], "did you mean missing-zero-grad?"),
        (["run", "--pause-on", "zzz", "train.py"], "--pause-on: there is no rule 'zzz': `tapelens rules` lists them."),
        (["run", "--pause-on", "all", "--ignore", "all", "train.py"], "--ignore: there is no rule 'all'"),
        (["run", "--pause-on", "all", "--select", "x", "train.py"], "--select: there is no rule 'x'"),
        (["run", "--pause-on", "all", "--python", "./no", "train.py"], "--python ./no: there is no such interpreter."),
        (["run", "--pause-on", "all", "--python", "./train.py", "train.py"], "--python ./train.py cannot be executed."),
        (
            ["run", "--pause-on", "all", "--python", ".", "train.py"],
            "--python . is a folder: name the interpreter in it",
        ),
        (["run", "--pause-on", "all", "--python", "./false", "train.py"], "false is no Python interpreter."),
        (["run", "--pause-on", "all", "--python", "./text", "train.py"], "text cannot be executed: Exec format error."),
        (
            ["run", "--pause-on", "all", "--output", "no/where", "train.py"],
            "--output no/where cannot be written: No such",
        ),
        (
            ["run", "--pause-on", "all", "--python", "./old", "train.py"],
            "old is Python 3.6; tapelens needs 3.10 or newer",
        ),
        (["run", "--pause-on", "all", "--python", "./old", "-m", "train"], "old is Python 3.6; tapelens needs 3.10"),
        (["attach", "localhost"], "attach takes HOST:PORT, such as 127.0.0.1:5678, not 'localhost'."),
        (["attach", "localhost:99999"], "attach takes HOST:PORT"),
        (["rules", "double-bakward"], "rules: there is no rule 'double-bakward': did you mean double-backward?"),
        (["demo", "zzz"], "There is no demo 'zzz': the programs are "),
    ],
    ids=lambda value: " ".join(value[:4]) if isinstance(value, list) else "",
)
def test_one_sentence_says_what_is_wrong(
    train: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
):
    script(train.parent, "x = 1\nif x\n    pass\n", "broken.py")
    (train.parent / "null.py").write_bytes(b"x = 1\0\n")
    (train.parent / "false").symlink_to("/bin/false")
    script(train.parent, "no program", "text").chmod(0o755)
    script(train.parent, "#!/bin/sh\necho 3.6\n", "old").chmod(0o755)
    assert sentence in complaint(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--bogus", "train.py"], "unrecognized arguments: --bogus"),
        (["run", "--timeout", "0", "--pause-on", "all", "train.py"], "'0' is no positive number of seconds"),
        (["run", "--timeout", "nan", "--pause-on", "all", "train.py"], "'nan' is no positive number of seconds"),
        (["run", "--format", "xml", "train.py"], "invalid choice: 'xml'"),
        (["fly"], "invalid choice: 'fly'"),
    ],
)
def test_options_that_do_not_exist_are_refused(
    train: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_the_version_names_the_wire_too(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tapelens {__version__} (wire 1)\n"


@pytest.mark.parametrize("verb", ["run", "lint", "attach", "demo", "rules", "serve"])
def test_every_verbs_help_shows_examples(capsys: pytest.CaptureFixture[str], verb: str):
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    assert f"      {'python -m' if verb == 'none' else f'tapelens {verb}'}" in text


def test_rules_are_listed_one_a_line_and_each_has_its_page(capsys: pytest.CaptureFixture[str]):
    assert main(["rules"]) == 0
    slugs = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert slugs == [rule.slug for rule in RULES]
    assert slugs[-3:] == ["syntax-error", "unused-ignore", "probe-fault"]
    assert main(["rules", "missing-zero-grad"]) == 0
    assert "What it flags" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "line", "condition"),
    [
        ("train.py:3", 3, None),
        ("train.py:3:", 3, None),
        ("train.py:3:x[1:2] == [3]", 3, "x[1:2] == [3]"),
        ("train.py:3: x == {'a:5': 1}", 3, "x == {'a:5': 1}"),
    ],
)
def test_a_breakpoint_is_a_file_a_line_and_maybe_a_condition(train: Path, text: str, line: int, condition: str | None):
    read = read_breakpoint(text)
    assert (read.path, read.line, read.condition) == (train, line, condition)


def test_a_file_name_may_hold_colons(train: Path):
    train.rename(train.parent / "a:5b.py")
    assert read_breakpoint("a:5b.py:3").path.name == "a:5b.py"


def test_a_breakpoint_within_a_statement_is_meant_for_its_beginning(train: Path):
    folded = script(train.parent, "x = (1 +\n     2)\ny = x\n", "folded.py")
    assert read_breakpoint("folded.py:2").line == 2
    assert [effective_line(folded, line) for line in (1, 2, 3)] == [1, 1, 3]


def test_a_file_for_another_python_is_taken_at_its_word(train: Path):
    assert effective_line(script(train.parent, "print 'old'\n", "old.py"), 7) == 7


def test_a_folder_with_a_main_module_is_a_program(tmp_path: Path):
    script(tmp_path, "print(1)\n", "__main__.py")
    check_program(tmp_path, python=None)


def test_a_script_that_cannot_be_read_is_refused(train: Path, monkeypatch: pytest.MonkeyPatch):
    train.chmod(0)
    if os.geteuid() == 0:  # root reads everything: what the system would say to others is made up
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="cannot be read"):
        check_program(train, python=None)


def test_another_interpreter_judges_the_syntax_itself(train: Path):
    python = Path(sys.executable).parent / ".." / "bin" / Path(sys.executable).name
    check_program(train, python=python)
    broken = script(train.parent, "x = 1\nif x\n    pass\n", "broken.py")
    with pytest.raises(UsageError, match=r"broken\.py:2: SyntaxError: expected ':'\."):
        check_program(broken, python=python)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:5678", ("127.0.0.1", 5678)),
        (":5678", ("127.0.0.1", 5678)),
        ("5678", ("127.0.0.1", 5678)),
        ("[::1]:5678", ("::1", 5678)),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, address: tuple[str, int]):
    assert read_address(text) == address


# Exit statuses --------------------------------------------------------------------------------------------------------


def found(severity: Severity, *, foreseen: bool = False) -> Finding:
    return Finding(
        kind="finding",
        rule="double-backward",
        severity=severity,
        message="",
        site=Site(path="/a.py", line=1, function="f", in_library=False),
        span=None,
        related=(),
        facts=(),
        fix=None,
        seen="live",
        foreseen=foreseen,
        stop=0,
        count=1,
    )


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (Run(exit_code=0), 0),
        (Run(exit_code=0, findings=[found("warning")]), 1),
        (Run(exit_code=0, findings=[found("information"), found("error", foreseen=True)]), 0),
        (Run(exit_code=0, notes=["No torch."]), 2),
        (Run(exit_code=0, notes=["No torch."], findings=[found("error")]), 2),
        (Run(exit_code=None, notes=["Killed."]), 2),
        (Run(exit_code=3, notes=["No torch."], findings=[found("error")]), 3),
        (Run(exit_code=-9), 137),
        (Run(exit_code=247), 247),
        (Run(exit_code=255), 255),
    ],
)
def test_the_programs_own_status_wins_then_failures_then_findings(run: Run, status: int):
    assert exit_status(run, exit_zero=False) == status


def test_exit_zero_forgives_findings_only():
    assert exit_status(Run(exit_code=0, findings=[found("error")]), exit_zero=True) == 0
    assert exit_status(Run(exit_code=3, findings=[found("error")]), exit_zero=True) == 3


def test_the_ending_says_which_status_it_was():
    assert ending(Run(exit_code=0), None, exit_zero=False) is None
    assert ending(Run(exit_code=3), None, exit_zero=False) == (
        "The program exited with status 3, which is the exit status here too."
    )
    assert "was killed by SIGKILL (137)" in (ending(Run(exit_code=-9), None, exit_zero=False) or "")
    told = ending(Run(exit_code=0, findings=[found("error")]), None, exit_zero=False)
    assert told == "The program ended well; 1 finding (double-backward): exit status 1."
    told = ending(Run(exit_code=3, findings=[found("error")]), None, exit_zero=False)
    assert told == "The program exited with status 3, which is the exit status here too; 1 finding (double-backward)."
    assert [told_by_debugger(code) for code in (None, 0, 3, 247, 255)] == [None, 0, 3, -9, 255]
    assert len(faults([found("warning"), found("information")])) == 1

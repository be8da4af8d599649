"""``tapelens lint``: what the source alone shows; nothing is run."""

from __future__ import annotations

import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import IO, get_args

from ..check.baseline import read_baseline, write_baseline
from ..check.files import ProjectFiles, python_files
from ..check.fixes import diff
from ..check.judge import ALWAYS, Judge
from ..check.lint import Checked, lint
from ..check.mend import mended, write
from ..errors import UsageError
from ..report.findings import FindingsText, summary
from ..report.findings_json import finding_object
from ..report.formats import Format, write_findings, write_object
from ..report.text import console_for
from ..report.wording import counted
from ..settings import SettingsReader
from ..wire.findings import Finding
from .outcome import FAILED, FINDINGS, KILLED_BY, OK, faults, is_worth_saying
from .rule_names import check_rules
from .writing import ClosedPipe, open_report

SUMMARY = "look for misuse of autograd in source, without running it"
EPILOG = """\
examples:
  every Python file below a folder:
      tapelens lint src/
  one rule only, as annotations of a pull request:
      tapelens lint --select missing-zero-grad --format github src/
  put safe fixes into the files, or only see them:
      tapelens lint --fix src/
      tapelens lint --diff src/
  take what is there now as known, and hear only of what is new:
      tapelens lint --write-baseline tapelens-baseline.json src/
      tapelens lint --baseline tapelens-baseline.json src/

Hidden folders, virtual environments, node_modules, build results and what .gitignore names are passed over; a file
that is named is always looked at. `# tapelens: ignore[RULE]` silences a rule on one line, [tool.tapelens] in
pyproject.toml holds for a project: select, ignore, severity, thresholds, exclude, baseline.

exit status: 0 nothing found, 1 findings above information, 2 what was asked could not be done.
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument(
        "paths", metavar="PATH", nargs="*", type=Path, help="files and folders; default: the current folder"
    )
    parser.add_argument(
        "--force-exclude", action="store_true", help="pass over what is excluded or ignored even where it is named"
    )
    rules = parser.add_argument_group("which rules")
    rules.add_argument(
        "--select", metavar="RULE", action="append", default=[], help="only these rules speak; may be repeated"
    )
    rules.add_argument(
        "--ignore", metavar="RULE", action="append", default=[], help="these rules stay silent; may be repeated"
    )
    rules.add_argument("--baseline", metavar="FILE", type=Path, help="findings that it lists are known and not shown")
    rules.add_argument(
        "--write-baseline", metavar="FILE", type=Path, help="list all that is found now in this file, and show none"
    )
    changes = parser.add_argument_group("what is changed")
    changes.add_argument("--fix", action="store_true", help="put safe fixes into the files, and report what remains")
    changes.add_argument("--diff", action="store_true", help="print what --fix would change, and change nothing")
    changes.add_argument(
        "--unsafe-fixes", action="store_true", help="fixes too that may change more than what their rule names"
    )
    report = parser.add_argument_group("what is reported")
    report.add_argument("--format", choices=get_args(Format), default="text", help="default: text")
    report.add_argument("--output", metavar="FILE", type=Path, help="write the report to this file")
    report.add_argument(
        "--all",
        action="store_true",
        dest="show_all",
        help="show findings of severity information too; json holds them anyway",
    )
    report.add_argument("--exit-zero", action="store_true", help="findings set no exit status")


def main(options: Namespace) -> int:
    """Look, and report.

    Raises:
        UsageError: A path, a rule, the settings or a baseline is not what it should be.
    """
    reader = SettingsReader()
    judge = _judge(options, reader)
    files = list(python_files(options.paths or [Path()], reader))
    if options.force_exclude:
        project = ProjectFiles(reader)
        files = [file for file in files if project.has(file)]
    if options.diff:
        return _print_diff(files, judge, reader, unsafe=options.unsafe_fixes)
    if options.fix:
        _fix(files, _judge(options, reader), reader, unsafe=options.unsafe_fixes)
    checked = lint(files, judge, reader)
    if checked.problems:
        raise UsageError(checked.problems[0])
    if options.write_baseline is not None:
        return _write_baseline(options.write_baseline, checked, judge)
    status = _status(checked, exit_zero=options.exit_zero)
    broken: list[int] = []
    with open_report(options.output) as opened:
        file = opened or sys.stdout
        with ClosedPipe(file, lambda: broken.append(KILLED_BY + signal.SIGPIPE)):
            _report(checked, options, file, status)
            file.flush()
    return broken[0] if broken else status


def _judge(options: Namespace, reader: SettingsReader) -> Judge:
    return Judge(
        reader,
        select=check_rules(options.select, option="--select"),
        ignore=check_rules(options.ignore, option="--ignore"),
        baseline=read_baseline(options.baseline) if options.baseline else None,
        has_baseline=options.write_baseline is None,
    )


def _fix(files: Sequence[Path], judge: Judge, reader: SettingsReader, *, unsafe: bool) -> None:
    done = changed = 0
    for each in mended(files, judge, reader, unsafe=unsafe):
        try:
            write(each)
        except (OSError, UnicodeEncodeError) as unfit:
            reason = unfit.strerror if isinstance(unfit, OSError) else str(unfit)
            raise UsageError(f"The fix of {each.path} cannot be written: {reason}.") from unfit
        done += len(each.done)
        changed += 1
    if changed:
        sys.stderr.write(f"tapelens: fixed {counted(done, 'finding')} in {counted(changed, 'file')}.\n")


def _print_diff(files: Sequence[Path], judge: Judge, reader: SettingsReader, *, unsafe: bool) -> int:
    done = 0
    for each in mended(files, judge, reader, unsafe=unsafe):
        sys.stdout.writelines(diff(each.before, each.after, path=os.path.relpath(each.path)))
        done += len(each.done)
    sys.stdout.flush()
    sys.stderr.write(f"tapelens: {counted(done, 'finding')} would be fixed; nothing was changed.\n")
    return FINDINGS if done else OK


def _write_baseline(file: Path, checked: Checked, judge: Judge) -> int:
    listed = [finding for finding in checked.findings if finding.rule not in ALWAYS]
    write_baseline(file, listed, judge.texts.line)
    sys.stderr.write(f"tapelens: {counted(len(listed), 'finding')} listed in {file}.\n")
    return FAILED if checked.failed else OK


def _status(checked: Checked, *, exit_zero: bool) -> int:
    if checked.failed:
        return FAILED
    return FINDINGS if faults(checked.findings) and not exit_zero else OK


def _report(checked: Checked, options: Namespace, file: IO[str], status: int) -> None:
    form: Format = options.format
    root = Path.cwd()
    shown = [each for each in checked.findings if options.show_all or is_worth_saying(each)]
    notes = [] if checked.files else ["There are no Python files in what was named."]
    if form == "json":
        write_object(_object(checked, notes), file)
    elif form == "text":
        _write_text(checked, shown, file)
    else:
        write_findings(form, shown, file, root=root, exit_code=status)
    for note in notes:
        sys.stderr.write(f"tapelens: {note}\n")


def _write_text(checked: Checked, shown: Sequence[Finding], file: IO[str]) -> None:
    console = console_for(file)
    text = FindingsText(console, root=Path.cwd())
    for finding in shown:
        text.finding(finding)
    for sentence in summary(
        shown,
        files=checked.files,
        hidden=len(checked.findings) - len(shown),
        silenced=checked.silenced,
        known=checked.known,
        unmet=checked.unmet,
    ):
        console.print(sentence, soft_wrap=True)


def _object(checked: Checked, notes: Sequence[str]) -> dict[str, object]:
    """All findings, those of severity information too, as in a run's object."""
    return {
        "findings": [finding_object(each) for each in checked.findings],
        "files": checked.files,
        "silenced": checked.silenced,
        "known": checked.known,
        "notes": list(notes),
    }

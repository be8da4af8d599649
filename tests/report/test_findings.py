"""Findings as text, SARIF and GitHub's commands."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import fastjsonschema  # pyright: ignore[reportMissingTypeStubs]
import pytest
from rich.console import Console

from check.found import found
from tapelens.report.findings import FindingsText, summary
from tapelens.report.findings_json import finding_object
from tapelens.report.formats import write_findings
from tapelens.report.sarif import sarif_log
from tapelens.wire.findings import Edit, Fact, Finding, Fix, Related
from tapelens.wire.sites import Site, Span

SCHEMA = Path(__file__).with_name("sarif-2.1.0-rtm.5.json")
"""The schema of SARIF 2.1.0 as npm's @microsoft/jest-sarif 1.0.0-beta.0 (MIT) holds it."""

TEXT = 'for x in data:\n\tloss.backward()\n\toptimizer.step()\nname = "日本"; total += loss\nx = f(\n    1,\n)\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "src" / "a train.py"
    path.parent.mkdir()
    path.write_text(TEXT, encoding="utf-8")
    return path


def whole(path: Path) -> Finding:
    """One with everything that a finding may hold."""
    site = Site(path=str(path), line=2, function="train", in_library=False)
    span = Span(line=3, column=2, end_line=3, end_column=18)
    edit = Edit(path=str(path), span=Span(line=2, column=2, end_line=2, end_column=2), text="optimizer.zero_grad()\n\t")
    finding = found(
        path,
        3,
        span=span,
        function="train",
        related=(Related(site=site, message="The backward added here."),),
        fix=Fix(title="Insert `optimizer.zero_grad()` before the backward", edits=(edit,), is_safe=True),
    )
    return replace(finding, facts=(Fact(name="norm", value="0.82"),))


def printed(*findings: Finding, root: Path, colours: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=colours, markup=False, highlight=False, emoji=False)
    text = FindingsText(console, root=root)
    for finding in findings:
        text.finding(finding)
    return file.getvalue()


# Text -----------------------------------------------------------------------------------------------------------------


def test_a_finding_shows_its_source_with_carets_and_what_it_speaks_of(path: Path, tmp_path: Path):
    assert printed(whole(path), root=tmp_path) == (
        """\
warning[missing-zero-grad]: The step uses old gradients.
 --> src/a train.py:3:2 in train
  |
1 | for x in data:
2 |     loss.backward()
3 |     optimizer.step()
  |     ^^^^^^^^^^^^^^^^
4 | name = "日本"; total += loss
  |
note: The backward added here.
 --> src/a train.py:2:2 in train
  |
2 |     loss.backward()
  |     ^^^^^^^^^^^^^^^
  |
  = norm: 0.82
help: Insert `optimizer.zero_grad()` before the backward

"""
    )


def test_carets_stand_below_wide_characters(path: Path, tmp_path: Path):
    span = Span(line=4, column=14, end_line=4, end_column=27)
    lines = printed(found(path, 4, span=span), root=tmp_path).splitlines()
    assert lines[6] == "  |" + " " * 16 + "^" * 13
    assert lines[5] == '4 | name = "日本"; total += loss'  # two cells each: the carets begin below "total"


def test_a_stretch_of_lines_is_marked_line_by_line(path: Path, tmp_path: Path):
    text = printed(found(path, 5, span=Span(line=5, column=1, end_line=7, end_column=2)), root=tmp_path)
    assert "5 | x = f(\n  | ^^^^^^\n6 |     1,\n  |     ^^\n7 | )\n  | ^\n" in text


def test_without_columns_the_code_of_the_line_is_meant(path: Path, tmp_path: Path):
    text = printed(found(path, 2, seen="live"), root=tmp_path)
    assert " --> src/a train.py:2:2\n" in text
    assert "  |     ^^^^^^^^^^^^^^^\n" in text


def test_a_file_that_is_gone_or_a_line_that_is_no_more_is_named_only(path: Path, tmp_path: Path):
    assert printed(found(tmp_path / "gone.py", 3), root=tmp_path).splitlines()[1] == "--> gone.py:3".rjust(14)
    assert printed(found(path, 99), root=Path("/elsewhere")).splitlines()[1].strip() == f"--> {path}:99"


def test_what_a_terminal_would_obey_is_not_printed(tmp_path: Path):
    path = tmp_path / "evil.py"
    path.write_text("x = '\x1b[2J'\n", encoding="utf-8")
    text = printed(found(path, 1, message="a\x1b[2Jb"), root=tmp_path)
    assert "\x1b" not in text
    assert "\x1b[1;31m" in printed(found(path, 1, severity="error"), root=tmp_path, colours=True)


def test_the_summary_counts_what_is_shown_and_what_is_not(path: Path, tmp_path: Path):
    findings = [found(path, 1), found(path, 2), found(tmp_path / "b.py", 1, rule="double-backward")]
    assert summary(findings, files=7, hidden=1, silenced=2, known=3, unmet=1) == [
        "3 findings in 2 of 7 files: 2 missing-zero-grad and 1 double-backward.",
        (
            "Not shown: 1 of severity information (--all shows them), 2 silenced by comments and "
            "3 known from the baseline."
        ),
        (
            "1 entry of the baseline is no longer found: it was mended, or the line has changed; "
            "--write-baseline makes it anew."
        ),
    ]
    assert summary([], files=1) == ["Nothing found in 1 file."]


# JSON -----------------------------------------------------------------------------------------------------------------


def test_json_holds_columns_and_the_fix(path: Path):
    told = finding_object(whole(path))
    assert (told["line"], told["column"], told["end_line"], told["end_column"]) == (3, 2, 3, 18)
    assert told["seen"] == "source"
    assert told["fix"]["edits"] == [
        {
            "path": str(path),
            "line": 2,
            "column": 2,
            "end_line": 2,
            "end_column": 2,
            "text": "optimizer.zero_grad()\n\t",
        }
    ]
    assert finding_object(found(path, 3))["column"] is None


# SARIF ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validate() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return fastjsonschema.compile(schema, use_default=False)  # pyright: ignore[reportUnknownMemberType]


def written(*findings: Finding, root: Path, **more: Any) -> Any:
    file = io.StringIO()
    write_findings("sarif", findings, file, root=root, **more)
    return json.loads(file.getvalue())


def test_sarif_fits_its_schema(validate: Any, path: Path, tmp_path: Path):
    elsewhere = found(Path("/else where/x.py"), 3, seen="live", severity="error", rule="double-backward", count=7)
    no_file = found("<stdin>", 0, seen="live", severity="information", foreseen=True)
    odd = replace(whole(path), rule="a-rule-of-tomorrow")
    validate(written(root=tmp_path))
    validate(
        written(whole(path), elsewhere, no_file, odd, root=tmp_path, notes=["It did not end within 3 s."], exit_code=1)
    )
    with pytest.raises(fastjsonschema.JsonSchemaValueException):
        validate(sarif_log([whole(path)], root=tmp_path) | {"version": "2.0.0"})


def test_sarif_names_files_from_the_root_and_finds_the_rule(path: Path, tmp_path: Path):
    (run,) = written(whole(path), root=tmp_path)["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    base = urlparse(run["originalUriBaseIds"][place["artifactLocation"]["uriBaseId"]]["uri"])
    assert base.path.endswith("/")
    assert Path(unquote(base.path), unquote(place["artifactLocation"]["uri"])) == path
    assert " " not in place["artifactLocation"]["uri"]
    assert place["region"] == {"startLine": 3, "startColumn": 2, "endLine": 3, "endColumn": 18}
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "missing-zero-grad"
    assert rule["help"]["markdown"].startswith("# missing-zero-grad\n")
    assert result["relatedLocations"][0]["message"]["text"] == "The backward added here."
    (change,) = result["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"]["text"] == "optimizer.zero_grad()\n\t"


def test_a_fingerprint_stays_where_lines_move_and_tells_equal_lines_apart(path: Path, tmp_path: Path):
    def fingerprints(*findings: Finding) -> list[str]:
        results = written(*findings, root=tmp_path)["runs"][0]["results"]
        return [each["partialFingerprints"]["tapelens/v1"] for each in results]

    (before,) = fingerprints(found(path, 3))
    path.write_text("\n\n" + TEXT, encoding="utf-8")
    after = fingerprints(found(path, 5), found(path, 5), found(path, 4))
    assert after[0] == before
    assert len({re.sub(":.*", "", each) for each in after}) == 2
    assert len(set(after)) == 3


def test_what_went_otherwise_is_told_as_the_tool_s_notice(path: Path, tmp_path: Path):
    (run,) = written(root=tmp_path, notes=["It did not end within 3 s."])["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "It did not end within 3 s."


# GitHub ---------------------------------------------------------------------------------------------------------------


def test_github_shows_findings_at_their_lines(path: Path, tmp_path: Path):
    file = io.StringIO()
    several = found(
        path, 5, span=Span(line=5, column=1, end_line=7, end_column=2), severity="error", message="50 %\nof"
    )
    write_findings("github", [whole(path), several, found("<stdin>", 1, severity="information")], file, root=tmp_path)
    assert file.getvalue().splitlines() == [
        (
            "::warning file=src/a train.py,line=3,col=2,endLine=3,endColumn=18,title=tapelens%3A missing-zero-grad::"
            "The step uses old gradients.%0Asrc/a train.py:2: The backward added here."
        ),
        "::error file=src/a train.py,line=5,endLine=7,title=tapelens%3A missing-zero-grad::50 %25%0Aof",
        "::notice file=<stdin>,line=1,title=tapelens%3A missing-zero-grad::The step uses old gradients.",
    ]

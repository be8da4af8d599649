"""The whole corpus, and what it showed, written to ``docs/evidence.md``: ``evidence.py [--no-write] [NAME-PART …]``."""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "server")]

from laws.corpus import marks
from laws.measure import TOLERATED, Laboratory, Verdict

PAGE = ROOT / "docs" / "evidence.md"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help="only programs with one of these in their names")
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--raised", action="store_true", help="show tracebacks that end programs")
    chosen = parser.parse_args()
    begun = time.monotonic()
    verdicts: list[Verdict] = []
    with Laboratory() as laboratory:
        for name, mark in marks().items():
            if chosen.parts and not any(part in name for part in chosen.parts):
                continue
            verdict = laboratory.examine(name, fresh=mark.fresh)
            verdicts.append(verdict)
            print(line_of(verdict), flush=True)
            for each in (*verdict.differences, *verdict.faults):
                print(f"    {each}")
            if chosen.raised and verdict.raised:
                print(verdict.raised)
    if not chosen.no_write and not chosen.parts:
        PAGE.write_text(page(verdicts, seconds=time.monotonic() - begun))
    return int(any(verdict.differences or verdict.faults for verdict in verdicts))


def line_of(verdict: Verdict) -> str:
    if verdict.skipped is not None:
        return f"skipped    {verdict.program}: {verdict.skipped}"
    state = "DIFFERENT" if verdict.differences or verdict.faults else "same"
    ended = "" if verdict.raised is None else f", ended by {verdict.raised.strip().rpartition(chr(10))[2][:80]}"
    tracer = f", by a tracer alone: {verdict.by_tracer}" if verdict.by_tracer else ""
    findings = f", findings: {verdict.findings}" if verdict.findings else ""
    return (
        f"{state:10} {verdict.program}: {verdict.facts} facts, {verdict.captures} captures, {verdict.walks} walks, "
        f"{verdict.gradients} backwards, {verdict.seconds:.1f} s{ended}{tracer}{findings}"
    )


def page(verdicts: list[Verdict], *, seconds: float) -> str:
    ran = [verdict for verdict in verdicts if verdict.skipped is None]
    different = [verdict for verdict in ran if verdict.differences or verdict.faults]
    differences = sum(len(verdict.differences) for verdict in ran)
    tracer = Counter(name.partition(" ")[0] for verdict in ran for name in verdict.by_tracer)
    rows = [
        f"| `{verdict.program}` | {verdict.facts} | {verdict.captures} | {verdict.walks} | {verdict.gradients} "
        f"| {len(verdict.differences) + len(verdict.faults)} |"
        for verdict in ran
    ]
    skipped = [f"- `{verdict.program}`: {verdict.skipped}." for verdict in verdicts if verdict.skipped is not None]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return "\n".join([
        "# Evidence that a program is not disturbed",
        "",
        "Made by `make test-laws`; do not edit.",
        "",
        f"- Date {time.strftime('%Y-%m-%d')}, commit {commit}, Python {platform.python_version()}, "
        f"torch {importlib.metadata.version('torch')}, {platform.system()} {platform.machine()}, {seconds:.0f} s.",
        f"- {len(ran)} programs ran in four ways, {len(skipped)} were skipped.",
        f"- {sum(verdict.captures for verdict in ran)} captures, one at every line; "
        f"{sum(verdict.walks for verdict in ran)} of them held against an independent walk of the graph.",
        f"- {sum(verdict.gradients for verdict in ran)} backwards with their gradients watched.",
        f"- {sum(verdict.facts for verdict in ran) * 3} comparisons of facts; "
        f"**{differences} differences** in {len(different)} programs.",
        "",
        *METHOD,
        "",
        "## What is tolerated",
        "",
        *(f"- {what}: {why}" for what, why in TOLERATED.items()),
        "",
        "## Programs",
        "",
        *([f"Facts that the tracer alone changes: {', '.join(f'{n} × {name}' for name, n in tracer.items())}.", ""] if tracer else []),
        "| program | facts | captures | walks | backwards | differences |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *rows,
        "",
        *(["## Skipped", "", *skipped, ""] if skipped else []),
    ])


METHOD = [
    "Each program of `tests/laws/programs` runs in four processes, forked fresh from one that has torch: "
    "bare; with every tap and rule; under a tracer that stops at each line; "
    "and stopped at each line with every tap, a capture there, and the next backward's gradients watched.",
    "The second must equal the first, and the fourth the third, in every fact: losses, gradients, parameters, "
    "optimizer state and files bit for bit, random states, what hooks saw, warnings, exceptions with their text and "
    "user's lines, both outputs, the compiler's graphs and breaks, bytes saved, versions, the sequence clock, "
    "reference counts, tensors alive at the end, modes, global hooks, modules of torch loaded, "
    "and the line at which each node of a graph died.",
]


if __name__ == "__main__":
    sys.exit(main())

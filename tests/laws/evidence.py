"""The whole corpus, and what it showed, written to ``docs/evidence.md``: ``evidence.py [--no-write] [NAME-PART …]``."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "server")]

from evidence_page import UNDISTURBED, put
from laws.measure import PACKAGES, TOLERATED, Laboratory, Verdict

sys.path += map(str, PACKAGES)

from laws.corpus import marks

RANDOM_PROGRAMS = 5_000
MODELS = "architectures:"
"""How the names of transformers' models begin."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help="only programs with one of these in their names")
    parser.add_argument("--no-write", action="store_true", help="leave docs/evidence.md as it is")
    parser.add_argument("--raised", action="store_true", help="show tracebacks that end programs")
    parser.add_argument("--models-minutes", type=float, default=20, help="how long models of transformers may take")
    chosen = parser.parse_args()
    verdicts = examine_all(chosen.parts, models_s=chosen.models_minutes * 60, raised=chosen.raised)
    if not chosen.no_write and not chosen.parts:
        put(UNDISTURBED, page(verdicts))
    return int(any(verdict.differences or verdict.faults for verdict in verdicts))


def examine_all(parts: list[str], *, models_s: float, raised: bool) -> list[Verdict]:
    """In the corpus's order, models of transformers last and only for a time."""
    chosen = {name: mark for name, mark in marks().items() if not parts or any(part in name for part in parts)}
    verdicts: list[Verdict] = []
    until: float | None = None
    with Laboratory() as laboratory:
        for name in sorted(chosen, key=_turn):
            if name.startswith(MODELS):
                until = until or time.monotonic() + models_s
                if time.monotonic() > until:
                    verdicts.append(Verdict(program=name, skipped="no time was left"))
                    continue
            verdict = laboratory.examine(name, chosen[name])
            verdicts.append(verdict)
            print(line_of(verdict), flush=True)
            for each in (*verdict.differences, *verdict.faults):
                print(f"    {each}")
            if raised and verdict.raised:
                print(verdict.raised)
    return verdicts


def _turn(name: str) -> tuple[bool, int]:
    """Models last, in an order that leaves out of each family alike when time ends."""
    return name.startswith(MODELS), zlib.crc32(name.encode()) if name.startswith(MODELS) else 0


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


def page(verdicts: list[Verdict]) -> str:
    ran = [verdict for verdict in verdicts if verdict.skipped is None]
    models = [verdict for verdict in ran if verdict.program.startswith(MODELS)]
    own = [verdict for verdict in ran if not verdict.program.startswith(MODELS)]
    lines = [
        UNDISTURBED,
        "",
        "Made by `make test-laws`; do not edit.",
        "",
        *figures(ran, own, models),
        "",
        *METHOD,
        "",
        "## What is tolerated",
        "",
        *(f"- {what[:1].upper()}{what[1:]}. {why}" for what, why in TOLERATED.items()),
        "",
        *tracers(own),
        "## Programs",
        "",
        *table(own),
        "",
        *differences(ran),
        "## Models of transformers",
        "",
        *of_models(models, [each for each in verdicts if each.program.startswith(MODELS) and each.skipped is not None]),
        *skipped(verdicts),
        "",
        *forecast(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def forecast() -> list[str]:
    """What backward was foreseen to do, held against the real engine on random programs."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-s",
        "tests/probe/capture/test_foresight.py",
        "-k",
        "random_programs",
    ]
    environment = os.environ | {"TAPELENS_FORESIGHT_PROGRAMS": str(RANDOM_PROGRAMS)}
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    told = [line.strip() for line in ran.stdout.splitlines() if line.strip(" .")]
    return [
        "## What backward will do",
        "",
        f"{RANDOM_PROGRAMS:,} random programs, each captured once and run bare once:",
        "what was foreseen is compared with what the engine did.",
        "",
        *(f"- {line}" for line in told[:-1]),
        f"- {'All as foreseen' if ran.returncode == 0 else 'NOT as foreseen'}.",
        "",
    ]


def figures(ran: list[Verdict], own: list[Verdict], models: list[Verdict]) -> list[str]:
    def total(name: str) -> int:
        return sum(getattr(verdict, name) for verdict in ran)

    asked = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    disturbed = [verdict for verdict in ran if verdict.differences or verdict.faults]
    count = sum(len(verdict.differences) + len(verdict.faults) for verdict in disturbed)
    versions = f"Python {platform.python_version()}, torch {importlib.metadata.version('torch')}"
    return [
        f"- {time.strftime('%Y-%m-%d')}, commit {commit}, {versions}, {platform.system()} {platform.machine()}.",
        f"- {len(own)} programs and {len(models)} models of transformers ran; {total('seconds'):.0f} s of their time.",
        f"- {total('captures')} captures, one at each line; {total('walks')} held against an independent walk.",
        f"- {total('gradients')} backwards with their gradients watched.",
        f"- {total('comparisons')} comparisons of facts; **{count} differences** in {len(disturbed)} programs.",
    ]


METHOD = [
    """\
Each program of `tests/laws/programs` runs in four processes, forked fresh from one that has torch:
bare; with every tap and rule; under a tracer that stops at each line;
and stopped at each line with every tap, a capture there, and the next backward's gradients watched.
The second must equal the first, and the fourth the first or the third, in every fact: losses, gradients, parameters,
optimizer state and files bit for bit, random states, what hooks saw, warnings with their places,
exceptions with their text and the user's lines, both outputs, the compiler's graphs and breaks, bytes saved,
versions, the sequence clock, reference counts, tensors alive at the end, modes, global hooks,
modules of torch loaded, and the line at which each node of a graph died.""",
]


def tracers(own: list[Verdict]) -> list[str]:
    counted = Counter(name.partition(" ")[0] for verdict in own for name in verdict.by_tracer)
    if not counted:
        return []
    told = ", ".join(f"{name} in {count}" for name, count in counted.most_common())
    return [
        f"A tracer that only reads a frame's variables, without tapelens, changes facts too (Python < 3.13): {told}.",
        "",
    ]


def table(verdicts: list[Verdict]) -> list[str]:
    return [
        "| program | facts | captures | walks | backwards | differences |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        *(
            f"| `{verdict.program}` | {verdict.facts} | {verdict.captures} | {verdict.walks} | {verdict.gradients} "
            f"| {len(verdict.differences) + len(verdict.faults)} |"
            for verdict in verdicts
        ),
    ]


def differences(ran: list[Verdict]) -> list[str]:
    told = [f"- `{each.program}`, {each.mode}: {each.fact}." for verdict in ran for each in verdict.differences]
    told += [f"- `{verdict.program}`: {fault.splitlines()[0]}" for verdict in ran for fault in verdict.faults]
    return ["## Differences", "", *told, ""] if told else []


def of_models(models: list[Verdict], left: list[Verdict]) -> list[str]:
    """Names of those that ran, and why others did not."""
    if not models and not left:
        return ["transformers was not installed.", ""]
    trained = [verdict for verdict in models if verdict.gradients]
    names = ", ".join(verdict.program.removeprefix(MODELS) for verdict in trained)
    reasons = Counter((verdict.skipped or "").partition(":")[0] for verdict in left)
    return [
        f"A tiny model of each architecture of transformers {importlib.metadata.version('transformers')},",
        "built from its config alone, takes a step, bare and with everything on.",
        f"{len(trained)} took it, {len(left)} did not: "
        + "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        + ".",
        "",
        f"Those that did: {names}.",
        "",
    ]


def skipped(verdicts: list[Verdict]) -> list[str]:
    own = [each for each in verdicts if each.skipped is not None and not each.program.startswith(MODELS)]
    return ["## Skipped", "", *(f"- `{each.program}`: {each.skipped}." for each in own), ""] if own else []


if __name__ == "__main__":
    sys.exit(main())

"""One line of a sound program deleted or changed, and who notices it, told in ``docs/evidence.md``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from evidence_page import FOUND, put
from mutations.mutants import PROGRAMS, Mutant, mutants, sound
from scenarios.runner import run
from tapelens.rules.catalogue import RULES, source_twins
from tapelens.source.file import SourceFile

Findings = set[tuple[int, str]]
SEVERE = {rule.slug for rule in RULES if rule.severity != "information"}


@dataclass(frozen=True)
class Outcome:
    """What either twin said of a mutant."""

    mutant: Mutant
    live: Findings
    source: Findings

    @property
    def found(self) -> bool:
        """Either names the rule."""
        return any(rule == self.mutant.rule for _, rule in self.live | self.source)

    @property
    def exact(self) -> bool:
        """And the line."""
        return (self.mutant.line, self.mutant.rule) in self.live | self.source

    @property
    def others(self) -> Findings:
        """Other rules that spoke."""
        return {each for each in self.live | self.source if each[1] != self.mutant.rule and each[1] in SEVERE}


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-write", action="store_true", help="leave docs/evidence.md as it is")
    chosen = parser.parse_args()
    blamed: list[str] = []
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as folder:
        for program in sorted(PROGRAMS.glob("*.py")):
            live, source = judged(Path(folder) / program.name, sound(program))
            blamed += [f"{program.stem}:{line} {rule}" for line, rule in sorted(live | source) if rule in SEVERE]
            for mutant in mutants(program):
                path = Path(folder) / f"{mutant.name.replace(':', '_')}.py"
                outcomes.append(Outcome(mutant, *judged(path, mutant.text)))
                print(line_of(outcomes[-1]), flush=True)
    print(*blamed, sep="\n")
    if not chosen.no_write:
        put(FOUND, "\n".join(section(outcomes, blamed)))
    return int(bool(blamed) or not all(each.found for each in outcomes))


def judged(path: Path, text: str) -> tuple[Findings, Findings]:
    """What the live twins and the source twins say."""
    path.write_text(text)
    live = set(run(path, taps=True).findings)
    file = SourceFile(path=str(path), text=text)
    source = {(each.site.line, each.rule) for twin in source_twins(RULES) for each in twin(file)}
    return live, source


def line_of(outcome: Outcome) -> str:
    mutant = outcome.mutant
    state = "exact" if outcome.exact else "found" if outcome.found else "MISSED"
    others = f"; also {sorted(outcome.others)}" if outcome.others else ""
    lives = sorted(line for line, rule in outcome.live if rule == mutant.rule)
    sources = sorted(line for line, rule in outcome.source if rule == mutant.rule)
    return f"{state:6} {mutant.name}: {mutant.rule} at {mutant.line} (live {lives}, source {sources}{others})"


def section(outcomes: list[Outcome], blamed: list[str]) -> list[str]:
    found, exact = sum(each.found for each in outcomes), sum(each.exact for each in outcomes)
    live = sum(any(rule == each.mutant.rule for _, rule in each.live) for each in outcomes)
    source = sum(any(rule == each.mutant.rule for _, rule in each.source) for each in outcomes)
    programs = len(list(PROGRAMS.glob("*.py")))
    by_rule = Counter(each.mutant.rule for each in outcomes)
    return [
        FOUND,
        "",
        "Made by `make test-sound`; do not edit.",
        "",
        f"{programs} sound training programs; {len(outcomes)} copies with one line deleted or changed.",
        f"Found: {found}, at the exact line {exact}; while it ran {live}, in the source {source}.",
        f"Findings above information on the sound programs themselves: {len(blamed)}.",
        "",
        "| rule | copies | found | exact line | missed |",
        "| --- | ---: | ---: | ---: | --- |",
        *(
            f"| {rule} | {count} | {sum(each.found for each in mine)} | {sum(each.exact for each in mine)} | "
            f"{', '.join(each.mutant.name for each in mine if not each.found)} |"
            for rule, count in sorted(by_rule.items())
            for mine in [[each for each in outcomes if each.mutant.rule == rule]]
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())

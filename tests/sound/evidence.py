"""Sound loops of real libraries under all rules, told in ``docs/evidence.md``: ``evidence.py [--no-write] [PART …]``"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

from evidence_page import SILENT, put
from sound.corpus import PROGRAMS

PACKAGES = Path(os.environ.get("TAPELENS_SOUND_PACKAGES", ROOT / "build" / "sound" / "site-packages"))
MODELS = "architectures"
LIMIT_S = 900
LIBRARIES = (
    "torch", "transformers", "accelerate", "peft", "pytorch-lightning", "stable-baselines3", "skorch",
    "pytorch-ignite", "opacus", "pyro-ppl", "higher", "torch-geometric",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", help="only programs with one of these in their names")
    parser.add_argument("--no-write", action="store_true", help="leave docs/evidence.md as it is")
    parser.add_argument("--models-minutes", type=float, default=15, help="how long architectures may take")
    chosen = parser.parse_args()
    told: list[dict[str, Any]] = []
    for each in outcomes(chosen.parts, models_s=chosen.models_minutes * 60):
        told.append(each)
        print(line_of(each), flush=True)
    if not chosen.no_write and not chosen.parts:
        put(SILENT, "\n".join(section(told)))
    return int(any(blamed(each) or each["faults"] or each["raised"] for each in told))


def outcomes(parts: list[str], *, models_s: float) -> Iterator[dict[str, Any]]:
    """One file's programs after the other's, each file in a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": str(PACKAGES),
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "KINETO_LOG_LEVEL": "99",
    }
    for file in sorted(PROGRAMS.glob("*.py")):
        limit_s = models_s if file.stem == MODELS else LIMIT_S
        command = [sys.executable, str(Path(__file__).with_name("watch.py")), str(file), str(limit_s), *parts]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            yield from map(json.loads, process.stdout)
        if process.returncode:
            yield {
                "name": f"{file.stem}:*",
                "steps": 0,
                "raised": "it ended early",
                "skipped": None,
                "faults": [],
                "findings": [],
            }


def blamed(outcome: dict[str, Any]) -> list[list[str]]:
    """Findings above information."""
    return [each for each in outcome["findings"] if each[1] != "information"]


def line_of(outcome: dict[str, Any]) -> str:
    if outcome["skipped"]:
        return f"skipped {outcome['name']}: {outcome['skipped']}"
    state = "BLAMED" if blamed(outcome) else "FAULT" if outcome["faults"] or outcome["raised"] else "silent"
    lines = [f"{state:7} {outcome['name']}: {outcome['steps']} steps"]
    lines += [
        f"        {rule} ({severity}) {where}: {message}" for rule, severity, where, message in outcome["findings"]
    ]
    lines += [f"        {each}" for each in outcome["faults"]]
    if outcome["raised"]:
        lines.append(outcome["raised"])
    return "\n".join(lines)


def section(told: list[dict[str, Any]]) -> list[str]:
    spoken = sum(len(blamed(each)) for each in told)
    ran = [each for each in told if not each["raised"] and not each["skipped"]]
    models = [each for each in ran if each["name"].startswith(MODELS)]
    steps = sum(each["steps"] for each in ran)
    return [
        SILENT,
        "",
        "Made by `make test-sound`; do not edit.",
        "",
        f"{len(ran)} training loops of real libraries with all rules on, {steps:,} optimizer steps.",
        f"Findings above information: {spoken}.",
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name in LIBRARIES if (version := version_of(name))) + ".",
        "",
        f"Of transformers' architectures {len(models)} built from their configs alone, in the time given,",
        "and were trained for five steps by its Trainer: "
        + ", ".join(sorted(each["name"].partition("[")[2].rstrip("]") for each in models))
        + ".",
        "",
        "| program | optimizer steps | findings above information | information |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {each['name']} | {each['steps']} | {len(blamed(each))} | "
            f"{', '.join(sorted({rule for rule, severity, *_ in each['findings'] if severity == 'information'}))} |"
            for each in sorted(ran, key=lambda each: each["name"])
            if each not in models
        ),
    ]


def version_of(name: str) -> str | None:
    found = importlib.metadata.distributions(name=name, path=[str(PACKAGES), *sys.path])
    return next((each.version for each in found), None)


if __name__ == "__main__":
    sys.exit(main())

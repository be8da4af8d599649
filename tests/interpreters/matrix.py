"""Run the suites that a user's interpreter can change, under each interpreter supported: ``matrix.py [NAME …]``.

Each line of the end says one interpreter's outcome; exit status 1 when one failed or could not be had.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import provide

from interpreters import cache_folder, provided

ROOT = Path(__file__).parents[2]
EVERY = ("3.10-torch2.4.1", "3.10-torch2.13.0", "3.12-torch2.13.0", "3.13-torch2.13.0")
"""Beside the one that ``make test`` runs on. 2.4 is the oldest torch supported, and has no wheel for 3.13."""

SUITES = (
    "tests/wire",
    "tests/store",
    "tests/report",
    "tests/rules",
    "tests/source",
    "tests/check",
    "tests/scenarios",
    "tests/probe",
    "tests/sessions",
    "tests/cli",
    "tests/lsp",
    "tests/e2e/test_seed_numbers.py",
    "tests/e2e/test_same_program.py",
)
DEADLINE_S = 1800


def main(names: list[str]) -> int:
    outcomes = {name: run(name) for name in names or EVERY}
    print()
    for name, (_, said) in outcomes.items():
        print(f"{name:<18} {said}")
    return max(status for status, _ in outcomes.values())


def run(name: str) -> tuple[int, str]:
    """Exit status, and pytest's last line or why there is none."""
    provide.main([name])
    python = provided(name)
    if python is None:
        return 1, "not provided"
    print(f"testing on {name} ...", flush=True)
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "server"),
        "PYTHONPYCACHEPREFIX": str(cache_folder() / name / "pycache"),
    }
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "loadfile", *SUITES]
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, f"not done within {DEADLINE_S} s"
    lines = done.stdout.strip().splitlines() or [done.stderr.strip()]
    if done.returncode:
        print(done.stdout[-20_000:], done.stderr[-5_000:], sep="\n")
    return int(bool(done.returncode)), re.sub("=+", "", lines[-1]).strip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

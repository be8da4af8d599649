"""``tapelens lint`` of a thousand training scripts against other linters of PyTorch code, whole processes.

The others are old and heavy (dslinter wants Python 3.10 at most, and brings pyspark), so that they are not
set up here: TAPELENS_BENCH_LINTERS names the Python of an environment that has ``torchfix`` and ``dslinter``.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from rows import Row

FILES = 1_000
TIMES = 5.0
PEERS = "TAPELENS_BENCH_LINTERS"
DEADLINE_S = 1800
TESTS = Path(__file__).parents[1] / "tests"


def measure() -> list[Row]:
    """A row for each of the others; none where no environment is named."""
    named = os.environ.get(PEERS)
    if not named:
        return []
    peer = Path(named)
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder))
        ours = _seconds([sys.executable, "-m", "tapelens", "lint", "--exit-zero", folder])
        torchfix = [str(peer.with_name("torchfix")), "--select", "ALL", folder]
        dslinter = [str(peer), "-m", "pylint", "--load-plugins=dslinter", "--disable=all", "--enable=W", folder]
        return [
            _row("TorchFix 0.7", ours, _seconds(torchfix)),
            _row("dslinter 2.0.9 in pylint", ours, _seconds(dslinter)),
        ]


def fill(folder: Path) -> None:
    """Training scripts as the tests have them, over and over, each file under a name of its own."""
    programs = sorted([*TESTS.glob("scenarios/*/*.py"), *TESTS.glob("mutations/programs/*.py")])
    (folder / "__init__.py").touch()
    for number, program in enumerate(itertools.islice(itertools.cycle(programs), FILES - 1)):
        shutil.copyfile(program, folder / f"script_{number}.py")


def _seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:  # dslinter writes where it is run
        done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False, cwd=folder)
    taken = time.perf_counter() - begun
    if "Traceback" in done.stderr or not (done.stdout + done.stderr).strip():
        raise RuntimeError(f"{command[0]} did not do its part: {done.stderr[-500:]}")
    return taken


def _row(peer: str, ours: float, theirs: float) -> Row:
    return Row(
        what=f"`lint` of {FILES:,} training scripts, against {peer}",
        ours=f"{ours:.1f} s",
        peer=f"{theirs:.1f} s",
        ratio=ours / theirs,
        target=f"≤ 1 ÷ {TIMES:g}",
        met=ours * TIMES <= theirs,
    )

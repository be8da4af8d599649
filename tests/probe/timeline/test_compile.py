"""torch.compile counts the same graphs, breaks and frames, computes and warns the same, with a timeline and without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import tapelens
from interpreters import newer_python

BUNDLE = Path(tapelens.__file__).parent
SCRIPT = Path(__file__).parent / "compiled.py"
SKIPS_DEEPLY = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 7)


@cache
def told(python: Path) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        [python, SCRIPT, BUNDLE],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def interpreter(which: str) -> Path:
    python = Path(sys.executable) if which == "this" else newer_python()
    if python is None:
        pytest.skip("no Python from 3.12 on with a torch here")
    return python


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("program", ["hooked", "in_place", "function", "whole", "inside", "breaking", "calling"])
@pytest.mark.parametrize("which", ["this", "newer"])
def test_compiling_is_the_same_with_a_timeline(which: str, program: str, backend: str):
    without, within, again, _ = told(interpreter(which))[program][backend]
    if which == "this" and not SKIPS_DEEPLY:  # older torch also looks at the standard library's frames below ours
        for each in (without, within, again):
            each["stats"].pop("frames", None)
    assert without["stats"]["stats"]["unique_graphs"] > 0
    assert within == without
    assert again == without


def test_a_compiled_modules_nodes_have_its_name():
    programs = told(interpreter("this"))
    assert {programs["whole"][backend][3][1] for backend in ("eager", "aot_eager")} == {"Block"}
    assert programs["inside"]["aot_eager"][3][1] == "2"

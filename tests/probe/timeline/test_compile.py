"""torch.compile counts the same graphs, breaks and frames, computes and warns the same, with a timeline and without."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from interpreters import Which, interpreter
from probe.timeline.elsewhere import told_by

SCRIPT = Path(__file__).parent / "compiled.py"
SKIPS_DEEPLY = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 7)


@cache
def told(python: Path) -> dict[str, dict[str, Any]]:
    return told_by(python, SCRIPT)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
@pytest.mark.parametrize("program", ["hooked", "in_place", "function", "whole", "inside", "breaking", "calling"])
@pytest.mark.parametrize("which", ["this", "newer"])
def test_compiling_is_the_same_with_a_timeline(which: Which, program: str, backend: str):
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

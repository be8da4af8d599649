"""Where memory runs out, who holds it is told: by kind, and what is kept for backward by line and module."""

from __future__ import annotations

import re
from pathlib import Path

from probe.tracebacks.raising import below_the_traceback
from torch_features import needs_readable_saved_tensors

PROGRAM = """\
import torch

model = torch.nn.Linear(64, 256, bias=False)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

def train():
    for step in range(2):
        out = model(torch.randn(128, 64))
        kept = out.exp()  # made
        loss = kept.sum()
        if step:
            grow()
        loss.backward()
        optimizer.step()

def grow():
    return torch.empty(1 << 60)

train()
"""


@needs_readable_saved_tensors
def test_bytes_are_told_by_what_they_are_for(tmp_path: Path):
    program = tmp_path / "train.py"
    program.write_text(PROGRAM)
    own, below = below_the_traceback(program)
    assert "you tried to allocate 4611686018427387904 bytes" in own or "not enough memory" in own
    assert "FAULT" not in below
    held = 64 * 256 * 4 / 1024
    assert below.startswith(
        f"tapelens: where memory ran out the program holds parameters {held:.1f} KiB, gradients {held:.1f} KiB, "
        f"optimizer state {held:.1f} KiB, kept for backward "
    )
    kept = {line.strip(): size for size, line in re.findall(r"^ +([\d.]+ KiB) kept by (.*)$", below, re.MULTILINE)}
    made = next(number for number, line in enumerate(PROGRAM.splitlines(), 1) if line.endswith("# made"))
    assert kept[f"train.py:{made}, 1 node"] == f"{128 * 256 * 4 / 1024:.1f} KiB"  # exp keeps its result
    assert kept[f"train.py:{made - 1} (module Linear), 1 node"] == f"{128 * 64 * 4 / 1024:.1f} KiB"


def test_where_nothing_is_held_nothing_is_said(tmp_path: Path):
    program = tmp_path / "train.py"
    program.write_text("import torch\ntorch.empty(1 << 60)\n")
    assert below_the_traceback(program)[1] == ""

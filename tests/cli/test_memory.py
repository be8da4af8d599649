"""A leak through the real command and a real debugger: its name, its bytes and the line that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

from cli.commands import line_of, script, tapelens
from torch_features import needs_readable_saved_tensors

LEAK = """\
import torch

model = torch.nn.Linear(64, 128)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scores = []

def score():
    return torch.tanh(model(torch.ones(32, 64))).sum()

for step in range(8):
    loss = model(torch.ones(4, 64)).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scores.append(score())  # tie
print("done")  # here
"""

KEPT_A_SCORE = 32 * 128 * 4 + 32 * 64 * 4
"""What tanh and the layer save: the result of the one and the input of the other, in floats."""


@needs_readable_saved_tensors
def test_a_leak_is_named_with_its_bytes_and_its_line(tmp_path: Path):
    path = script(tmp_path, LEAK)
    line = line_of(path, "here")
    ended = tapelens("run", "--format", "json", "--break", f"{path.name}:{line}", path.name, cwd=tmp_path)
    assert ended.status == 1
    (found,) = json.loads(ended.out)["findings"]
    assert (found["rule"], found["line"]) == ("graph-growth", line_of(path, "tie"))
    (stop,) = json.loads(ended.out)["stops"]
    memory = stop["memory"]
    assert memory["kept"] == 8 * KEPT_A_SCORE
    assert memory["parameters"] == memory["gradients"] == (64 * 128 + 128) * 4
    (keeper,) = memory["keepers"]
    assert (keeper["path"], keeper["tensors"], keeper["bytes"]) == ("scores", 6, 6 * KEPT_A_SCORE)
    assert keeper["message"].startswith("scores keeps the graphs of 6 tensors from earlier steps alive")

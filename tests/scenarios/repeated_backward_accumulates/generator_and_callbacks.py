"""A callback runs the auxiliary loss, which the total has in it already."""

from collections.abc import Callable

import torch

net = torch.nn.ModuleDict({"trunk": torch.nn.Linear(3, 3), "main": torch.nn.Linear(3, 1), "aux": torch.nn.Linear(3, 1)})
optimizer = torch.optim.AdamW(net.parameters())
callbacks: list[Callable[[torch.Tensor], None]] = [lambda loss: loss.backward(retain_graph=True)]
for _ in range(4):
    features = net["trunk"](torch.randn(4, 3)).relu()
    auxiliary = net["aux"](features).square().mean()
    loss = net["main"](features).square().mean() + 0.4 * auxiliary
    optimizer.zero_grad()
    for callback in callbacks:
        callback(auxiliary)
    loss.backward()  # expect: repeated-backward-accumulates
    optimizer.step()

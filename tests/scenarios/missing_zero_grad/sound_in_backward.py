"""The optimizer steps inside the backward; and checkpoints of both kinds."""

import torch
from torch.utils.checkpoint import checkpoint

model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
optimizers = {parameter: torch.optim.SGD([parameter], lr=0.01) for parameter in model.parameters()}


def step_and_clear(parameter):
    optimizers[parameter].step()
    optimizers[parameter].zero_grad()


handles = [parameter.register_post_accumulate_grad_hook(step_and_clear) for parameter in model.parameters()]
for _ in range(8):
    model(torch.randn(4, 3)).square().mean().backward()
for handle in handles:
    handle.remove()

optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for number in range(8):
    optimizer.zero_grad()
    x = torch.randn(4, 3, requires_grad=True)
    checkpoint(model, x, use_reentrant=bool(number % 2)).square().mean().backward()
    optimizer.step()

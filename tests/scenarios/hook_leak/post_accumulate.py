"""The step runs in backward; a restart registers it again on top of what is there."""

import torch


def arm(parameters, optimizers):
    def step_now(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in parameters:
        parameter.register_post_accumulate_grad_hook(step_now)  # expect: hook-leak


model = torch.nn.Linear(3, 1)
optimizers = {parameter: torch.optim.SGD([parameter], lr=0.1) for parameter in model.parameters()}
for _ in range(4):
    arm(model.parameters(), optimizers)
    model(torch.ones(2, 3)).square().mean().backward()

"""A search over models: each gets its hook, and is dropped."""

import torch


def score(width):
    model = torch.nn.Sequential(torch.nn.Linear(3, width), torch.nn.Tanh(), torch.nn.Linear(width, 1))
    peak = []
    model[0].register_forward_hook(lambda module, inputs, output: peak.append(output.detach().abs().max().item()))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.ones(2, 3)).square().mean().backward()
        optimizer.step()
    return max(peak)


print([round(score(width), 3) > 0 for width in (2, 3, 4, 5, 6)])

"""A function freezes layers by name; the loop accumulates for good reason and clears by hand what it trains."""

import torch


def freeze(model, prefix):
    for name, parameter in model.named_parameters():
        if name.startswith(prefix):
            parameter.requires_grad_(False)


def trainable(model):
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


model = torch.nn.ModuleDict({"body": torch.nn.Linear(3, 3), "head": torch.nn.Linear(3, 1)})
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)
for number in range(5):
    for part in torch.randn(2, 4, 3):
        (model["head"](model["body"](part)).square().mean() / 2).backward()
    optimizer.step()  # expect[live]: frozen-but-updated
    if number == 1:
        freeze(model, "body")
    for parameter in trainable(model):
        parameter.grad = None

"""Every way in which people clear gradients."""

import torch


def nothing(_model, _optimizer):
    pass


def each(model, action):
    for parameter in model.parameters():
        if parameter.grad is not None:
            action(parameter)


def by_none(parameter):
    parameter.grad = None


WAYS = [
    lambda _model, optimizer: optimizer.zero_grad(),
    lambda _model, optimizer: optimizer.zero_grad(set_to_none=False),
    lambda model, _optimizer: model.zero_grad(),
    lambda model, _optimizer: model.zero_grad(set_to_none=False),
    lambda model, _optimizer: each(model, by_none),
    lambda model, _optimizer: each(model, lambda parameter: parameter.grad.zero_()),
    lambda model, _optimizer: each(model, lambda parameter: parameter.grad.data.zero_()),
    lambda model, _optimizer: each(model, lambda parameter: parameter.grad.detach_().zero_()),
    lambda model, _optimizer: each(model, lambda parameter: parameter.grad.numpy().fill(0)),
    lambda model, _optimizer: each(model, lambda parameter: parameter.grad.fill_(0)),
]

for clear in WAYS:
    for kind in (torch.optim.SGD, torch.optim.Adam):
        for before, after in ((clear, nothing), (nothing, clear)):
            model = torch.nn.Linear(3, 2)
            optimizer = kind(model.parameters(), lr=0.1)
            for _ in range(8):
                before(model, optimizer)
                model(torch.ones(4, 3)).square().mean().backward()
                optimizer.step()
                after(model, optimizer)

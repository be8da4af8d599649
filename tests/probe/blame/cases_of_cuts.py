"""Functions whose loss has no path; where one statement cuts it, that is marked ``# cut``."""

from __future__ import annotations

import contextlib
import functools

import numpy as np
import torch
from torch import nn

model = nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.ones(4, 3), torch.ones(4, 2)


def in_the_loss():
    loss = nn.functional.mse_loss(model(x).detach(), y)  # cut
    loss.backward()


def the_target_is_detached_on_purpose_and_the_prediction_by_mistake():
    target = model(x).detach()
    prediction = torch.tanh(model(x))
    prediction = prediction.data  # cut
    loss = (prediction - y).square().mean()
    print(target.shape)
    loss.backward()


def a_number_is_summed_up():
    total = torch.zeros(())
    for row in x:
        total += model(row).sum().item()  # cut
    total.backward()


def a_list_is_made_a_tensor():
    losses = []
    for row in x:
        losses.append(model(row).sum())  # noqa: PERF401
    torch.tensor([each.item() for each in losses]).mean().backward()  # cut


def a_dictionary_of_losses_is_detached():
    losses = {"first": model(x).mean(), "second": model(x).std()}
    total = torch.stack([value.detach() for value in losses.values()]).sum()  # cut
    total.backward()


def indices_are_no_numbers():
    loss = model(x).max(dim=1)[1].float().mean()  # cut
    loss.backward()


def a_comparison_has_no_derivative():
    correct = model(x).argmax(dim=1) == y.argmax(dim=1)  # cut
    loss = 1 - correct.float().mean()
    loss.backward()


def an_unknown_operation_gives_whole_numbers():
    out = model(x)
    codes = torch.bucketize(out, torch.tensor([0.0, 1.0]))  # cut
    (codes.float() - 1).mean().backward()


def numpy_computes_it():
    out = np.square(model(x).detach().numpy())  # cut
    loss = torch.as_tensor(out).mean()
    loss.backward()


def a_helper_with_a_decorator():
    loss = _score(model, x)
    loss.backward()


@torch.no_grad()  # cut: a_helper_with_a_decorator
def _score(network, batch):
    return network(batch).mean()


def a_helper_in_a_helper():
    loss = _outer(x)
    loss.backward()


def _outer(batch):
    hidden = model(batch)
    return _inner(hidden, scale=2.0)


def _inner(hidden, scale):
    kept = hidden.clone().detach()  # cut: a_helper_in_a_helper, by_a_partial
    return (kept * scale).sum()


def handed_in():
    out = model(x).detach()  # cut
    _run(out.mean())


def _run(loss):
    loss.backward()


def unpacked():
    loss, parts = _losses(model(x))
    print(parts)
    loss.backward()


def _losses(out):
    parts = out.mean(), out.std()
    return torch.stack(parts).long().float().sum(), parts  # cut: unpacked


def by_a_lambda():
    criterion = lambda prediction, target: (prediction > target).float().mean()  # noqa: E731  # cut
    criterion(model(x), y).backward()


def under_inference_mode():
    with contextlib.nullcontext(), torch.inference_mode():  # cut
        out = model(x)
    out.sum().backward()


def all_of_it_under_no_grad():
    with torch.no_grad():  # cut
        loss = model(x).mean()
        loss.backward()


def the_caller_is_under_no_grad():
    with torch.no_grad():  # cut
        _whole(x)


def _whole(batch):
    loss = model(batch).mean()
    loss.backward()


def grad_is_on_again_inside():
    with torch.no_grad():
        scale = model(x).abs().max()
        with torch.enable_grad():
            out = model(x) / scale
    out.detach().mean().backward()  # cut


class Layer(nn.Module):
    def forward(self, hidden):
        return torch.from_numpy(hidden.detach().cpu().numpy())  # cut: a_layer_in_a_row, a_module_of_modules


def a_layer_in_a_row():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), Layer())
    net(x).sum().backward()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), Layer()

    def embed(self, batch):
        return self.first(batch).relu()

    def forward(self, batch):
        return self.last(self.embed(batch))


def a_module_of_modules():
    net = Net()
    loss = net(x).sum()
    loss.backward()


class Trainer:
    def __init__(self):
        self.net, self.loss = nn.Linear(3, 1), torch.zeros(())

    def compute(self):
        self.loss = self.net(x).mean().detach()  # cut: an_attribute

    def run(self):
        self.compute()
        self.loss.backward()


def an_attribute():
    Trainer().run()


def by_a_closure():
    scale = 2.0

    def compute():
        return scale * model(x).mean().detach()  # cut

    compute().backward()


def by_a_partial():
    compute = functools.partial(_inner, scale=2.0)
    compute(model(x)).backward()


def nothing_is_trained():
    frozen = nn.Linear(3, 1).requires_grad_(False)
    loss = frozen(x).mean()
    loss.backward()


def nothing_but_data():
    loss = torch.tensor([1.0, 2.0]).detach().mean()
    loss.backward()

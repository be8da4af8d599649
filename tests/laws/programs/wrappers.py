"""Weights that are computed from others, pruned, normed, tied."""

import copy

import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from laws.corpus import program


def train(model, tell, steps=2):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(steps):
        loss = model(torch.randn(5, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    return model, optimizer


@program()
def weight_norm_old_and_new(tell):
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(4, 4)), nn.utils.weight_norm(nn.Linear(4, 2)))
    return train(model, tell)


@program()
def spectral_norm_and_orthogonal(tell):
    model = nn.Sequential(
        parametrizations.spectral_norm(nn.Linear(4, 4)),
        nn.utils.spectral_norm(nn.Linear(4, 4)),
        parametrizations.orthogonal(nn.Linear(4, 4)),
    )
    return train(model, tell)


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)

    def right_inverse(self, x):
        return x.triu()


@program()
def parametrized_by_hand(tell):
    layer = nn.Linear(4, 4)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    with parametrize.cached():
        tell("symmetric", (layer.weight - layer.weight.t()).abs().sum())
    trained = train(layer, tell)
    parametrize.remove_parametrizations(layer, "weight")
    return trained


@program()
def pruned_weights(tell):
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    prune.l1_unstructured(model[0], "weight", amount=0.5)
    prune.random_structured(model[1], "weight", amount=1, dim=0)
    trained = train(model, tell)
    prune.remove(model[0], "weight")
    return trained


@program()
def low_rank_adapters_on_frozen_weights(tell):
    base = nn.Linear(4, 4).requires_grad_(False)
    down, up = nn.Parameter(torch.randn(2, 4)), nn.Parameter(torch.zeros(4, 2))
    optimizer = torch.optim.AdamW([down, up], lr=0.1)
    for _ in range(2):
        x = torch.randn(3, 4)
        loss = (base(x) + x @ down.t() @ up.t()).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        tell("loss", loss)
    return base, down, up


@program()
def copies_of_models(tell):
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    model(torch.randn(2, 4)).sum().backward()
    twin = copy.deepcopy(model)
    shallow = copy.copy(model)
    weight = copy.deepcopy(model[0].weight)
    try:
        copy.deepcopy(model[0].weight * 2)
    except RuntimeError as error:
        tell("raised", error)
    model.load_state_dict(twin.state_dict(), assign=True)
    vector = nn.utils.parameters_to_vector(model.parameters())
    nn.utils.vector_to_parameters(vector * 2, twin.parameters())
    model.double().float().half().float()
    return model, twin, shallow, weight


@program()
def containers_of_parameters(tell):
    class Holder(nn.Module):
        def __init__(self):
            super().__init__()
            self.listed = nn.ParameterList([torch.ones(2), torch.zeros(2)])
            self.named = nn.ParameterDict({"left": torch.ones(2), "right": torch.ones(2)})
            self.register_buffer("steps", torch.zeros(1), persistent=False)
            self.register_parameter("nothing", None)

        def forward(self, x):
            self.steps += 1
            return sum((x * each).sum() for each in (*self.listed, *self.named.values()))

    model = Holder()
    model(torch.randn(2)).backward()
    model.apply(lambda module: module.requires_grad_(True))
    model.share_memory()
    return (model,)

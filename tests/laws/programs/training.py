"""Plain training: one model, one optimizer, a few steps."""

import copy

import torch
from torch import nn
from torch.nn import functional

from laws.corpus import program


@program(fresh=True)
def linear_regression_by_hand(tell):
    weight = torch.randn(3, 1, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    data = torch.randn(16, 3)
    target = data.sum(1, keepdim=True)
    for _ in range(3):
        loss = (data @ weight + bias - target).square().mean()
        tell.graph("loss", loss)
        loss.backward()
        with torch.no_grad():
            weight -= 0.1 * weight.grad
            bias -= 0.1 * bias.grad
        weight.grad = None
        bias.grad = None
        tell("loss", loss)
        tell.counts(weight=weight, bias=bias)
    return weight, bias


@program()
def perceptron_with_dropout(tell):
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(4):
        optimizer.zero_grad()
        logits = model(torch.randn(6, 5))
        loss = functional.cross_entropy(logits, torch.randint(2, (6,)))
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    return model, optimizer


@program()
def convolutions_with_batch_norm(tell):
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3, groups=2),
        nn.GroupNorm(2, 6),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-4)
    for _ in range(3):
        images = torch.randn(4, 1, 8, 8)
        loss = functional.cross_entropy(model(images), torch.tensor([0, 1, 2, 0]), label_smoothing=0.1)
        optimizer.zero_grad(set_to_none=False)
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    model.eval()
    with torch.no_grad():
        tell("answers", model(torch.ones(1, 1, 8, 8)))
    return model, optimizer


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.scale = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return x + self.scale * self.inner(x)


@program()
def residual_blocks_in_a_list(tell):
    blocks = nn.ModuleList(Residual(6) for _ in range(3))
    head = nn.Linear(6, 1)
    parameters = [*blocks.parameters(), *head.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=1e-2)
    for _ in range(2):
        x = torch.randn(5, 6)
        for block in blocks:
            x = block(x)
        loss = head(x).pow(2).sum()
        tell.graph("loss", loss)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        del x
    return blocks, head, optimizer


@program()
def gradients_are_accumulated_on_purpose(tell):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(4):
        loss = model(torch.randn(3, 4)).square().mean() / 2
        loss.backward()
        if step % 2:
            norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            nn.utils.clip_grad_value_(model.parameters(), 0.2)
            tell("norm", norm)
            optimizer.step()
            optimizer.zero_grad()
    return model, optimizer


@program()
def mistakes_that_are_spoken_of(tell):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        loss = model(torch.ones(3, 4)).square().mean()
        loss.backward()
        optimizer.step()
        tell("loss", loss)
    return model, optimizer


@program()
def averages_of_weights(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    moving = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
    averaged = torch.optim.swa_utils.AveragedModel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)
    data = [torch.randn(5, 3) for _ in range(3)]
    for batch in data:
        optimizer.zero_grad()
        model(batch).square().sum().backward()
        optimizer.step()
        moving.update_parameters(model)
        averaged.update_parameters(model)
        schedule.step()
        tell("rate", schedule.get_last_lr())
    torch.optim.swa_utils.update_bn(data, averaged)
    return model, moving, averaged, optimizer


@program()
def moving_average_by_hand(tell):
    model = nn.Linear(3, 2)
    shadow = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        loss = (model(torch.ones(2, 3)) - shadow(torch.zeros(2, 3))).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for slow, fast in zip(shadow.parameters(), model.parameters(), strict=True):
                slow.lerp_(fast, 0.1)
    return model, shadow


@program()
def tied_weights(tell):
    embed = nn.Embedding(7, 5, padding_idx=0)
    head = nn.Linear(5, 7, bias=False)
    head.weight = embed.weight
    optimizer = torch.optim.Adam([embed.weight])
    for _ in range(2):
        words = torch.tensor([[1, 2, 0], [3, 3, 6]])
        loss = functional.cross_entropy(head(embed(words)).flatten(0, 1), words.flatten(), ignore_index=0)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        tell("loss", loss)
        tell.counts(weight=embed.weight)
    return embed, head, optimizer


@program()
def several_losses_share_a_graph(tell):
    trunk, left, right = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
    hidden = trunk(torch.randn(5, 3)).tanh()
    one, two = left(hidden).sum(), right(hidden).square().sum()
    tell.graph("both", one, two)
    one.backward(retain_graph=True)
    tell("after one", trunk.weight.grad)
    two.backward()
    del one, two, hidden
    return trunk, left, right


@program()
def running_total_keeps_every_graph(tell):
    weight = torch.randn(4, requires_grad=True)
    total = 0
    kept = []
    for step in range(4):
        loss = (weight * step).sin().sum()
        tell.graph(f"step {step}", loss)
        total += loss
        kept.append(loss.detach())
    total.backward()
    del total, loss
    tell("kept", kept)
    return weight


@program()
def recurrent_state_is_detached(tell):
    cell = nn.RNNCell(3, 4)
    optimizer = torch.optim.RMSprop(cell.parameters(), lr=0.01)
    state = torch.zeros(2, 4)
    for step in range(6):
        state = cell(torch.randn(2, 3), state)
        if step % 3 == 2:
            loss = state.square().sum()
            tell.graph("window", loss)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            state = state.detach()
    return cell, optimizer, state

"""Every optimizer of torch.optim, plain, foreach and fused; schedules, closures, steps inside backward."""

import inspect

import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from laws.corpus import program

CLOSED = {"LBFGS"}
SPARSE = {"SparseAdam"}


def optimizers():
    for name, kind in sorted(vars(torch.optim).items()):
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer:
            yield name, kind


def variants(kind):
    names = inspect.signature(kind.__init__).parameters
    yield {}
    for flag in ("foreach", "fused", "amsgrad", "maximize", "centered", "nesterov", "capturable", "differentiable"):
        if flag in names and flag not in {"capturable", "differentiable"}:
            yield {flag: True} | ({"momentum": 0.9} if flag == "nesterov" else {})


def steps(kind, options, tell):
    torch.manual_seed(3)
    matrices_only = kind.__name__ == "Muon"
    model = nn.Sequential(nn.Linear(3, 4, bias=not matrices_only), nn.Tanh(), nn.Linear(4, 2, bias=not matrices_only))
    optimizer = kind(model.parameters(), lr=0.02, **options)
    for _ in range(2):
        optimizer.zero_grad()
        loss = model(torch.randn(5, 3)).square().mean()
        loss.backward()
        optimizer.step()
    tell(f"{kind.__name__} {options}", [loss, *model.parameters()])
    tell(f"{kind.__name__} {options} state", optimizer.state_dict())
    tell(f"{kind.__name__} {options} versions", [parameter._version for parameter in model.parameters()])


@program()
def every_optimizer(tell):
    for name, kind in optimizers():
        if name in CLOSED | SPARSE:
            continue
        for options in variants(kind):
            try:
                steps(kind, options, tell)
            except (RuntimeError, ValueError) as error:
                tell(f"{name} {options} refuses", error)


@program()
def lbfgs_with_its_closure(tell):
    weight = torch.tensor([1.5, -0.5], requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], lr=0.5, max_iter=6, line_search_fn="strong_wolfe")
    calls = []

    def closure():
        optimizer.zero_grad()
        loss = 100 * (weight[1] - weight[0] ** 2) ** 2 + (1 - weight[0]) ** 2
        loss.backward()
        calls.append(loss.item())
        return loss

    for _ in range(2):
        tell("loss", optimizer.step(closure))
    tell("calls", calls)
    return weight, optimizer


@program()
def sparse_embedding_with_sparse_adam(tell):
    table = nn.Embedding(20, 4, sparse=True)
    optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        table(torch.tensor([1, 5, 5, 19])).square().sum().backward()
        tell("gradient", table.weight.grad.coalesce())
        optimizer.step()
    return table, optimizer


@program()
def schedules(tell):
    weight = nn.Parameter(torch.ones(2))
    optim = torch.optim
    makers = {
        "step": lambda o: optim.lr_scheduler.StepLR(o, 2),
        "cosine": lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 4),
        "restarts": lambda o: optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
        "one cycle": lambda o: optim.lr_scheduler.OneCycleLR(o, 0.1, total_steps=5),
        "lambda": lambda o: optim.lr_scheduler.LambdaLR(o, lambda n: 0.9**n),
        "chained": lambda o: optim.lr_scheduler.ChainedScheduler(
            [optim.lr_scheduler.LinearLR(o), optim.lr_scheduler.ExponentialLR(o, 0.9)]
        ),
        "sequence": lambda o: optim.lr_scheduler.SequentialLR(
            o, [optim.lr_scheduler.ConstantLR(o), optim.lr_scheduler.PolynomialLR(o)], [2]
        ),
    }
    for name, make in makers.items():
        optimizer = optim.SGD([weight], lr=0.1, momentum=0.9)
        schedule = make(optimizer)
        for _ in range(3):
            weight.square().sum().backward()
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
        tell(name, [schedule.get_last_lr(), optimizer.state_dict()])
    plateau = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    for loss in (1.0, 1.0, 1.0):
        plateau.step(loss)
    tell("plateau", optimizer.param_groups[0]["lr"])
    return weight


@program()
def schedule_before_the_first_step_warns(tell):
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    schedule.step()
    weight.sum().backward()
    optimizer.step()
    schedule.step()
    return weight, optimizer


@program()
def hooks_around_steps(tell):
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1, momentum=0.5)
    seen = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        optimizer.register_state_dict_post_hook(lambda o, state: seen.append("state")),
        optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append("load")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("everyone's")),
    ]
    for _ in range(2):
        weight.sum().backward()
        optimizer.step()
    optimizer.load_state_dict(optimizer.state_dict())
    for handle in handles:
        handle.remove()
    tell("seen", seen)
    return weight, optimizer


@program()
def steps_inside_the_backward(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    each = {parameter: torch.optim.Adam([parameter], lr=0.05) for parameter in model.parameters()}

    def take_step(parameter):
        each[parameter].step()
        each[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(take_step)
    for _ in range(3):
        loss = model(torch.randn(4, 3)).square().mean()
        loss.backward()
        tell("gradients", [parameter.grad is None for parameter in model.parameters()])
    return model


@program()
def groups_and_a_saved_state(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 1))
    optimizer = torch.optim.AdamW(
        [
            {"params": model[0].parameters(), "lr": 0.1},
            {"params": model[1].parameters(), "weight_decay": 0.0},
        ]
    )
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    fresh = torch.optim.AdamW(model.parameters())
    fresh.add_param_group({"params": [nn.Parameter(torch.zeros(1))]})
    tell("state", optimizer.state_dict())
    return model, optimizer, fresh


class Signed(torch.optim.Optimizer):
    def __init__(self, parameters, rate):
        super().__init__(parameters, {"rate": rate})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    count = self.state[parameter].setdefault("count", 0)
                    self.state[parameter]["count"] = count + 1
                    parameter.sub_(group["rate"] * parameter.grad.sign())


@program()
def an_optimizer_of_ones_own(tell):
    model = nn.Linear(3, 1)
    optimizer = Signed(model.parameters(), 0.1)
    for _ in range(2):
        model(torch.randn(4, 3)).abs().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return model, optimizer

"""PyTorch's own optimizers, wrappers and averaging, each as its documentation trains with it."""

import torch
import torch.distributed as dist
from torch import nn

from sound.corpus import each, sound


def data(count=4, features=6):
    for _ in range(count):
        x = torch.randn(8, features)
        yield x, x.sum(1, keepdim=True).tanh()


def network():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))


OPTIMIZERS = sorted(
    name
    for name, kind in vars(torch.optim).items()
    if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
)


@each(OPTIMIZERS)
def optimizer(name):
    kind = getattr(torch.optim, name)
    model = network()
    if name == "Muon":
        held = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    elif name == "SparseAdam":
        return sparse()
    else:
        held = list(model.parameters())
    optimizer = kind(held, lr=0.01)
    others = [parameter for parameter in model.parameters() if all(parameter is not each for each in held)]
    second = torch.optim.AdamW(others, lr=0.01) if others else None
    for x, y in data(12):

        def closure(x=x, y=y):
            optimizer.zero_grad()
            if second is not None:
                second.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        optimizer.step(closure)
        if second is not None:
            second.step()


def sparse():
    table = nn.Embedding(20, 4, sparse=True)
    optimizer = torch.optim.SparseAdam(table.parameters(), lr=0.1)
    for _ in range(12):
        optimizer.zero_grad()
        table(torch.randint(0, 20, (6,))).square().mean().backward()
        optimizer.step()


@each(["foreach", "fused", "capturable_off", "differentiable_off"])
def adam_variants(name):
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, **({name: True} if name in {"foreach", "fused"} else {}))
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=12)
    for x, y in data(12):
        loss = nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad(set_to_none=name != "foreach")
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()


@sound
def averaged_weights():
    model = network()
    averaged = torch.optim.swa_utils.AveragedModel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    scheduler = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.05)
    for x, y in data(12):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        averaged.update_parameters(model)
        scheduler.step()
    torch.optim.swa_utils.update_bn([x for x, _ in data(2)], averaged)


@sound
def gradient_scaler():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16, growth_interval=2)
    for x, y in data(12):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = nn.functional.mse_loss(model(x).float(), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


@sound
def optimizer_in_backward():
    model = network()
    optimizers = {parameter: torch.optim.SGD([parameter], lr=0.01) for parameter in model.parameters()}

    def step(parameter):
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in model.parameters():
        parameter.register_post_accumulate_grad_hook(step)
    for x, y in data(8):
        nn.functional.mse_loss(model(x), y).backward()


@sound
def data_parallel():
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    model = nn.parallel.DistributedDataParallel(network())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for step, (x, y) in enumerate(data(12)):
        with model.no_sync() if step % 2 == 0 else torch.enable_grad():
            (nn.functional.mse_loss(model(x), y) / 2).backward()
        if step % 2:
            optimizer.step()
            optimizer.zero_grad()
    dist.destroy_process_group()


@sound
def fully_sharded():
    from torch.distributed.fsdp import fully_shard

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    mesh = dist.init_device_mesh("cpu", (1,))
    model = network()
    for layer in (model[0], model[2]):
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for x, y in data(10):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    dist.destroy_process_group()


@sound
def zero_redundancy():
    from torch.distributed.optim import ZeroRedundancyOptimizer

    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    model = nn.parallel.DistributedDataParallel(network())
    optimizer = ZeroRedundancyOptimizer(model.parameters(), optimizer_class=torch.optim.Adam, lr=0.01)
    for x, y in data(10):
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    dist.destroy_process_group()

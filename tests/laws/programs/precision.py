"""Mixed precision, scaled losses, deterministic algorithms."""

import torch
from torch import nn

from laws.corpus import program


@program()
def autocast_to_bfloat16(tell):
    model = nn.Sequential(nn.Linear(16, 16), nn.LayerNorm(16), nn.Linear(16, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(3):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = model(torch.randn(4, 16))
            loss = out.float().square().mean()
        tell("types", [out.dtype, loss.dtype])
        tell.graph("loss", loss)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model, optimizer


@program()
def loss_is_scaled(tell):
    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=2)
    for step in range(4):
        x = torch.randn(3, 4)
        with torch.autocast("cpu", dtype=torch.float16):
            loss = model(x).float().square().mean()
        if step == 2:
            loss = loss * float("inf")
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        tell("norm", nn.utils.clip_grad_norm_(model.parameters(), 1.0))
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        tell("scale", scaler.get_scale())
    tell("state", scaler.state_dict())
    return model, optimizer


@program()
def deterministic_algorithms(tell):
    torch.use_deterministic_algorithms(True, warn_only=True)
    x = torch.randn(6, requires_grad=True)
    out = torch.zeros(3).index_add(0, torch.tensor([0, 0, 1, 2, 2, 2]), x)
    out.square().sum().backward()
    tell("filled", torch.empty(3))
    torch.use_deterministic_algorithms(False)
    torch.set_float32_matmul_precision("high")
    (torch.randn(4, 4) @ torch.randn(4, 4)).sum()
    torch.set_float32_matmul_precision("highest")
    return x


@program()
def default_type_is_double(tell):
    torch.set_default_dtype(torch.float64)
    model = nn.Linear(2, 1)
    model(torch.randn(3, 2)).sum().backward()
    tell("type", model.weight.dtype)
    half = nn.Linear(2, 1).bfloat16()
    half(torch.randn(3, 2).bfloat16()).sum().backward()
    torch.set_default_dtype(torch.float32)
    return model, half

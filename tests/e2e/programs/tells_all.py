"""Trains a little in many ways and prints all that a guest could have disturbed."""

import gc
import hashlib
import warnings

import torch
from torch.utils.checkpoint import checkpoint

warnings.simplefilter("always")
torch.manual_seed(7)
torch.use_deterministic_algorithms(mode=True)
hooks_run = []


def fingerprint(tensors):
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(b"none" if tensor is None else tensor.detach().numpy().tobytes())
    return digest.hexdigest()[:16]


class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values * 3

    @staticmethod
    def backward(ctx, arriving):
        (values,) = ctx.saved_tensors
        return arriving * 3 + values * 0


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(6, 8)
        self.drop = torch.nn.Dropout(0.3)
        self.second = torch.nn.Linear(8, 1)

    def forward(self, x):
        h = checkpoint(self.first, x, use_reentrant=False)
        h = Scaled.apply(self.drop(h))
        return self.second(h)


net = Net()
optimizer = torch.optim.AdamW(net.parameters(), lr=0.01)
net.second.weight.register_hook(lambda gradient: hooks_run.append(round(gradient.norm().item(), 6)))
data = torch.randn(32, 6)
target = data.sum(dim=1, keepdim=True)
base = torch.zeros(4)
view = base[:2]

for epoch in range(5):
    optimizer.zero_grad()
    h = net(data)  # stop: forward
    scale = torch.rand(1)
    loss = (h - target).square().mean() * scale
    base.add_(1)
    loss.backward(retain_graph=epoch == 2)  # stop: backward
    norm = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()  # stop: step
    print(epoch, loss.item().hex(), norm.item().hex(), fingerprint(p.grad for p in net.parameters()))

print("parameters", fingerprint(net.parameters()))
print("random", fingerprint([torch.get_rng_state()]), torch.rand(1).item().hex())
print("versions", [p._version for p in net.parameters()], base._version, view._is_view())
print("clock", torch._C._autograd._get_sequence_nr())
print("hooks", hooks_run)
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    print("grad of a non-leaf", h.grad, len(seen))
del h, loss
gc.collect()
print("tensors alive", sum(type(thing) is torch.Tensor for thing in gc.get_objects()))
try:
    (net(data).sum() * torch.zeros(1, requires_grad=True)).sum().backward()
    torch.zeros(1).backward()
except RuntimeError as error:
    print("error", error)

"""The branch that ``torch.where`` does not take is multiplied by zero, and zero times infinity is NaN."""

import torch

scale = torch.nn.Parameter(torch.tensor([1.0, 0.0, 2.0]))
optimizer = torch.optim.SGD([scale], lr=0.1)


def safe_log(x: torch.Tensor) -> torch.Tensor:
    return torch.where(x > 0, x.log(), torch.zeros_like(x))  # expect[live]: nonfinite-grad


def closure() -> torch.Tensor:
    optimizer.zero_grad()
    loss = safe_log(scale).sum()
    loss.backward()
    return loss


for _ in range(4):
    optimizer.step(closure)

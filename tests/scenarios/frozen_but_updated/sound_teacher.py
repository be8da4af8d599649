"""A teacher that follows by a moving average has no gradients; the optimizer holds it by mistake, harmlessly."""

import copy

import torch

student = torch.nn.Linear(3, 2)
teacher = copy.deepcopy(student).requires_grad_(False)
optimizer = torch.optim.AdamW([*student.parameters(), *teacher.parameters()], lr=0.01, weight_decay=0.1)
for _ in range(6):
    optimizer.zero_grad()
    x = torch.randn(4, 3)
    (student(x) - teacher(x)).square().mean().backward()
    optimizer.step()
    with torch.no_grad():
        for slow, fast in zip(teacher.parameters(), student.parameters(), strict=True):
            slow.lerp_(fast, 0.1)

"""No parameter requires a gradient, so evaluation builds no graph whatever the mode."""

import torch

teacher = (
    torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(), torch.nn.Linear(4, 1)).eval().requires_grad_(False)
)
student = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(student.parameters(), lr=0.1)
for _ in range(4):
    x = torch.randn(4, 3)
    optimizer.zero_grad()
    (student(x) - teacher(x)).square().mean().backward()
    optimizer.step()
for _ in range(4):
    print(teacher(torch.ones(1, 3)).requires_grad)

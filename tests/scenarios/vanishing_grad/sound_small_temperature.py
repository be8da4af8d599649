"""A temperature that comes first among the parameters gets little: it is one number and no layer."""

import torch


class Matcher(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.log_scale = torch.nn.Parameter(torch.tensor(-20.0))
        self.bias = torch.nn.Parameter(torch.zeros(1, 1))
        self.left = torch.nn.Linear(3, 3)
        self.right = torch.nn.Linear(3, 3)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.left(x) @ self.right(y).t() * (1 + self.log_scale.exp()) + 1e-9 * self.bias


model = Matcher()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for _ in range(4):
    optimizer.zero_grad()
    scores = model(torch.rand(4, 3), torch.rand(4, 3))
    torch.nn.functional.cross_entropy(scores, torch.arange(4)).backward()
    optimizer.step()

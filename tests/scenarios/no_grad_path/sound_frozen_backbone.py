"""A frozen backbone in training mode runs under no_grad; only the head is held."""

import torch


class Tuned(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU()).requires_grad_(False)
        self.head = torch.nn.Linear(4, 1)

    def forward(self, x):
        with torch.no_grad():
            features = self.backbone(x)
        return self.head(features.detach())


model = Tuned()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for _ in range(6):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward()
    optimizer.step()

"""A perceptual loss: gradients flow through a network that was loaded, or put in evaluation mode."""

import torch
from torch import nn

features = nn.Sequential(nn.Linear(3, 4), nn.ReLU())
features.load_state_dict({name: value * 2 for name, value in features.state_dict().items()})
judge = nn.Sequential(nn.Linear(3, 4), nn.Dropout(), nn.Linear(4, 1)).eval()
model = nn.Linear(3, 3)
optimizer = torch.optim.Adam(model.parameters())
for _ in range(5):
    x = torch.randn(4, 3)
    optimizer.zero_grad()
    y = model(x)
    ((features(y) - features(x)).square().mean() + judge(y).mean()).backward()
    optimizer.step()

"""Q-learning: targets under no_grad from a network that no optimizer holds, actions by argmax."""

import copy

import torch

network = torch.nn.Linear(3, 2)
target_network = copy.deepcopy(network)
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for step in range(6):
    state, following = torch.randn(4, 3), torch.randn(4, 3)
    with torch.no_grad():
        action = network(state).argmax(dim=1, keepdim=True)
        target = target_network(following).max(dim=1, keepdim=True).values
    loss = (network(state).gather(1, action) - target.detach()).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 2:
        target_network.load_state_dict(network.state_dict())

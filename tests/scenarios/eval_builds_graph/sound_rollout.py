"""A policy acts in evaluation mode, and the episode is run backward at its end."""

import torch

policy = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Dropout(0.1), torch.nn.Linear(8, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
policy.eval()
for _ in range(3):
    log_probs = []
    state = torch.zeros(2)
    for _ in range(5):
        distribution = torch.distributions.Categorical(logits=policy(state))
        action = distribution.sample()
        log_probs.append(distribution.log_prob(action))
        state = state + action - 0.5
    optimizer.zero_grad()
    (-torch.stack(log_probs).sum()).backward()
    optimizer.step()

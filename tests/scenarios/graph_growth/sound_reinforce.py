"""REINFORCE: an episode's log probabilities are kept until its end, and cleared."""

from __future__ import annotations

import torch


class Policy(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 3)
        self.saved_log_probs: list[torch.Tensor] = []
        self.rewards: list[float] = []

    def act(self, state: torch.Tensor) -> int:
        choice = torch.distributions.Categorical(logits=self.linear(state))
        action = choice.sample()
        self.saved_log_probs.append(choice.log_prob(action))
        return int(action)


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for _ in range(6):
    for step in range(12):
        policy.act(torch.ones(2) * step)
        policy.rewards.append(1.0)
    loss = torch.stack([-each * reward for each, reward in zip(policy.saved_log_probs, policy.rewards)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]

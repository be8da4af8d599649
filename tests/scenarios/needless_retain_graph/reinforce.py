"""A policy's loss at the end of each episode, retained by habit."""

import torch

policy = torch.nn.Linear(2, 2)
optimizer = torch.optim.Adam(policy.parameters(), lr=0.01)


def episode():
    log_probs = []
    for _ in range(3):
        choice = torch.distributions.Categorical(logits=policy(torch.randn(2)))
        log_probs.append(choice.log_prob(choice.sample()))
    return torch.stack(log_probs)


for _ in range(4):
    returns = torch.tensor([3.0, 2.0, 1.0])
    loss = -(episode() * returns).sum()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)  # expect: needless-retain-graph
    optimizer.step()

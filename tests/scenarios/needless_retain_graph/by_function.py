"""``torch.autograd.backward`` and a summed total: the graph of the parts runs once only."""

import torch

encoder, left, right = torch.nn.Linear(3, 3), torch.nn.Linear(3, 1), torch.nn.Linear(3, 1)
modules = torch.nn.ModuleList([encoder, left, right])
optimizer = torch.optim.RMSprop(modules.parameters(), lr=0.01)
for _ in range(4):
    features = encoder(torch.randn(4, 3)).relu()
    total = left(features).square().mean() + right(features).abs().mean()
    optimizer.zero_grad(set_to_none=False)
    torch.autograd.backward(total, retain_graph=True)  # expect: needless-retain-graph
    optimizer.step()

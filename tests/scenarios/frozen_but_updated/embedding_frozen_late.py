"""An embedding is frozen after an epoch; Adam's averages move it on."""

import torch

table, head = torch.nn.Embedding(10, 4), torch.nn.Linear(4, 2)
optimizer = torch.optim.Adam([*table.parameters(), *head.parameters()], lr=0.01)
for epoch in range(2):
    if epoch == 1:
        table.weight.requires_grad_(False)
    for _ in range(2):
        optimizer.zero_grad(set_to_none=False)
        out = head(table(torch.arange(10)))
        torch.nn.functional.cross_entropy(out, torch.zeros(10, dtype=torch.long)).backward()
        optimizer.step()  # expect[live]: frozen-but-updated

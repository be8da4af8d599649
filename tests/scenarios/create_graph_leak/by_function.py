"""``torch.autograd.backward`` with a scaled loss, and gradients clipped by their data."""

import torch

model = torch.nn.GRU(2, 3, batch_first=True)
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.01)


def batches():
    for _ in range(4):
        yield torch.randn(2, 3, 2)


for batch in batches():
    output, _ = model(batch)
    loss = output.square().mean() * 0.5
    optimizer.zero_grad()
    torch.autograd.backward([loss], create_graph=True)  # expect[live]: create-graph-leak
    for weight in model.parameters():
        weight.grad.data.clamp_(-1, 1)
    optimizer.step()

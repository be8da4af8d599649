"""Each of two parts is run by itself and kept aside, then the total (gradient surgery)."""

import torch

model = torch.nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    output = model(torch.randn(4, 3))
    parts = output[:, 0].square().mean(), output[:, 1].abs().mean()
    kept = []
    for part in parts:
        optimizer.zero_grad(set_to_none=False)
        part.backward(retain_graph=True)
        kept.append(model.weight.grad.clone())
    if torch.dot(kept[0].flatten(), kept[1].flatten()) < 0:
        kept[0] -= kept[1] * (kept[0] * kept[1]).sum() / kept[1].square().sum()
    optimizer.zero_grad(set_to_none=False)
    sum(parts).backward()
    model.weight.grad = kept[0] + kept[1]
    optimizer.step()

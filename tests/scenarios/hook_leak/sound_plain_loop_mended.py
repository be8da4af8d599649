"""The textbook loop with the hook registered once."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
seen = []


def save_output(module, inputs, output):
    seen.append(output.detach().mean().item())


handle = model.register_forward_hook(save_output)
for _ in range(4):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
handle.remove()
print(len(seen))

"""The textbook mistake: the hook is registered inside the loop."""

import torch

model = torch.nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
seen = []


def save_output(module, inputs, output):
    seen.append(output.detach().mean().item())


for _ in range(4):
    model.register_forward_hook(save_output)  # expect: hook-leak
    optimizer.zero_grad()
    loss = model(torch.ones(4, 3)).square().mean()
    loss.backward()
    optimizer.step()
print(len(seen))

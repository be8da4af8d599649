"""As in accumulation, with the gradients clipped before the step."""

import torch


def microbatches(count):
    for _ in range(count):
        yield torch.randn(2, 3)


def train(model, optimizer, *, steps, parts):
    for _ in range(steps):
        for batch in microbatches(parts):
            model.zero_grad()  # expect: grad-zeroed-before-step
            model(batch).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()


net = torch.nn.Linear(3, 2)
train(net, torch.optim.AdamW(net.parameters(), lr=0.01), steps=5, parts=3)

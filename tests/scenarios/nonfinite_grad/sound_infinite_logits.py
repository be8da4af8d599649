"""Masked attention: minus infinity goes into a softmax, and nothing but zeros comes back from there."""

import torch

model = torch.nn.MultiheadAttention(4, 2, batch_first=True)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
causal = torch.triu(torch.full((5, 5), float("-inf")), diagonal=1)
for _ in range(4):
    optimizer.zero_grad()
    out, _ = model(*[torch.ones(2, 5, 4)] * 3, attn_mask=causal)
    out.square().mean().backward()
    optimizer.step()

"""Two embeddings meet after some steps: their distance is zero, the loss finite and its gradient NaN."""

import torch

points = torch.nn.Embedding(4, 2)
optimizer = torch.optim.SGD(points.parameters(), lr=0.01)
pairs = [(0, 1), (2, 3)] * 5 + [(1, 1), (0, 2)]
for left, right in pairs:
    optimizer.zero_grad()
    apart = points(torch.tensor(left)) - points(torch.tensor(right))
    loss = torch.linalg.vector_norm(apart).sqrt()  # expect[live]: nonfinite-grad
    loss.backward()
    optimizer.step()

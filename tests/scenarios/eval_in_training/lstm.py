"""A recurrent language model samples some text after each chunk, in evaluation mode for good."""

import torch
from torch import nn


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(8, 4)
        self.rnn = nn.LSTM(4, 4, num_layers=2, dropout=0.3, batch_first=True)
        self.out = nn.Linear(4, 8)

    def forward(self, ids):
        return self.out(self.rnn(self.embed(ids))[0])


def sample(model, length):
    model.eval()  # expect: eval-in-training
    ids = torch.zeros(1, 1, dtype=torch.long)
    with torch.inference_mode():
        for _ in range(length):
            ids = torch.cat([ids, model(ids)[:, -1:].argmax(-1)], dim=1)
    return ids


model = Language()
optimizer = torch.optim.Adam(model.parameters())
for _ in range(5):
    ids = torch.randint(8, (2, 5))
    optimizer.zero_grad()
    nn.functional.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()).backward()
    optimizer.step()
    sample(model, 3)

"""Weight decay of AdamW shrinks a frozen backbone whose gradients are zeros."""

import torch


class Finetuner:
    def __init__(self):
        self.backbone, self.head = torch.nn.Linear(3, 4), torch.nn.Linear(4, 1)
        parameters = [*self.backbone.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.AdamW(parameters, lr=0.01, weight_decay=0.1)

    def loss(self, x):
        return self.head(self.backbone(x).tanh()).square().mean()

    def freeze(self):
        self.backbone.requires_grad_(False)
        self.backbone.zero_grad(set_to_none=False)

    def step(self, x):
        self.loss(x).backward()
        self.optimizer.step()  # expect[live]: frozen-but-updated
        self.head.zero_grad()


tuner = Finetuner()
tuner.step(torch.randn(4, 3))
tuner.freeze()
for _ in range(3):
    tuner.step(torch.randn(4, 3))

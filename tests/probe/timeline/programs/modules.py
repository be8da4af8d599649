import torch

kept = []


class Scale(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * self.w  # makes: MulBackward0@inner, MulBackward0@layers.0, MulBackward0@layers.1, MulBackward0@Scale


class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = Scale()
        self.layers = torch.nn.ModuleList([Scale() for _ in range(2)])
        self.linear = torch.nn.Linear(3, 3)

    def forward(self, x):
        x = self.inner(x) + x  # makes: AddBackward0@Block
        for layer in self.layers:
            x = layer(x).relu()  # makes: ReluBackward0@Block x2
        return self.scaled(self.linear(x))  # makes: AddmmBackward0@linear, TBackward0@linear

    def scaled(self, x):
        return x - 2  # makes: SubBackward0@Block


block = Block()
out = block(torch.ones(2, 3)).exp()  # makes: ExpBackward0@
block.inner.register_forward_hook(lambda module, args, result: result.sin())  # makes: SinBackward0@Scale
direct = block.inner(torch.ones(2, 3))
loss = torch.nn.MSELoss()(direct, torch.zeros(2, 3))  # makes: MseLossBackward0@MSELoss
kept += [out, loss]

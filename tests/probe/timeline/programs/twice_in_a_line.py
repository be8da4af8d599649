import torch

w = torch.ones(3, requires_grad=True)


def f(x):
    doubled = x * 2  # makes: MulBackward0 x5
    return doubled + 1  # makes: AddBackward0 x5


def g(x):
    return f(x).exp() + f(x)  # makes: ExpBackward0, AddBackward0


z = f(w) + f(w) * 2  # makes: MulBackward0, AddBackward0
y = g(w) - w  # makes: SubBackward0
x = (
    w.sin()  # makes: SinBackward0, AddBackward0
    + f(w)  # makes: MulBackward0
    * w.cos()  # makes: CosBackward0
)
kept = [z, y, x]

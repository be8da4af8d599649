import torch


def fall(x, depth):
    if depth == 0:
        return x.exp()  # makes: ExpBackward0
    inner = fall(x * 2, depth - 1) + x  # makes: MulBackward0 x3, AddBackward0 x3
    return inner - 1  # makes: SubBackward0 x3


def tree(x, depth):
    return x.sin() if depth == 0 else tree(x, depth - 1) * tree(x, depth - 1)  # makes: SinBackward0 x4, MulBackward0 x3


w = torch.ones(3, requires_grad=True)
kept = [fall(w, 3), tree(w, 2)]

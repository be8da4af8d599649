"""An initialiser that clamps what it has just made trainable; a trainer reads the gradient."""

from functools import partial

import torch


def initial(*shape, low):
    values = torch.rand(*shape, requires_grad=True)
    return values.clamp(min=low)  # expect: leaf-lost


make = partial(initial, low=0.2)


def main():
    rates = initial(3, low=0.2)
    for _ in range(4):
        loss = (rates * torch.ones(3)).sum()
        loss.backward()
        with torch.no_grad():
            if rates.grad is None:
                print("no gradient yet")
                break


main()

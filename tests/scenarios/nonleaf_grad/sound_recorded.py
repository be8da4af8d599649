"""A program's own filters, recorder and printer of warnings see what they saw before."""

import sys
import warnings

import torch

model = torch.nn.Linear(2, 1)
retained = model(torch.ones(1, 2))
retained.retain_grad()
retained.sum().backward()


def show(message, category, filename, lineno, *_):
    outer, depth = sys._getframe(1), 0
    while outer.f_code.co_filename != __file__:
        outer, depth = outer.f_back, depth + 1
    print("shown", category.__name__, lineno, depth)


for _ in range(4):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("something else", stacklevel=1)
        print(len(caught), caught[0].lineno, retained.grad)
warnings.showwarning = show
warnings.warn("with a printer of its own", stacklevel=1)

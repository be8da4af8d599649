"""Code that asks what an object has, and a printer that looks at what is a leaf before it reads."""

import torch


def describe(value):
    if not hasattr(value, "grad"):
        return "no tensor"
    if getattr(value, "grad", None) is not None:
        return "has a gradient"
    return "leaf" if value.is_leaf else "made by " + type(value.grad_fn).__name__


model = torch.nn.Linear(2, 2)
for _ in range(4):
    hidden = model(torch.ones(1, 2))
    hidden.sum().backward()
    print(describe(hidden), describe(3), describe(model.weight), describe(hidden.sum()))

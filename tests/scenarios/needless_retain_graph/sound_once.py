"""One call is no habit."""

import torch

x = torch.randn(3, requires_grad=True)
y = x.square().sum()
y.backward(retain_graph=True)
print(type(y.grad_fn).__name__, y.grad_fn.next_functions[0][0]._saved_self.shape)

"""A function of one's own on the tape: MyReLU saves its input and looks at it in backward."""

import torch


class MyReLU(torch.autograd.Function):
    """max(0, x), with its derivative written out."""

    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values.clamp(min=0)

    @staticmethod
    def backward(ctx, arriving):
        (values,) = ctx.saved_tensors
        return arriving * (values >= 0)


w = torch.tensor([[3.0, 1.0]], requires_grad=True)
b = torch.tensor([[3.0]], requires_grad=True)
x = torch.tensor([[-1.0, -1.0], [1.0, 1.0]])
y = torch.tensor([[2.0, 3.0]])

y_hat = MyReLU.apply(x @ w.t() + b)
loss = torch.mean(torch.pow(y_hat - y, 2))

loss.backward()  # stop: MyReLU on the tape
print("w.grad", w.grad.tolist(), "b.grad", b.grad.tolist())  # stop: what the leaves received

import torch
from torch.utils.checkpoint import checkpoint

kept = []


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        squared = x * x  # makes: MulBackward0
        return g * 3 * squared  # makes: MulBackward0


def penalised(x):
    y = Cube.apply(x)
    (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return gradient.norm()  # makes: LinalgVectorNormBackward0


def twice(x):
    y = x.sin().exp()  # makes: SinBackward0, ExpBackward0
    (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)  # makes: CosBackward0, MulBackward0 x2
    return gradient


def block(x):
    y = x.tanh()  # makes: TanhBackward0 x2
    kept.append(y)
    z = y.cosh()
    return z * z


w = torch.ones(3, requires_grad=True)
kept.append(penalised(w))
kept.append(twice(w))
checkpoint(block, w, use_reentrant=False).sum().backward()
hooked = w.abs()  # makes: AbsBackward0
hooked.register_hook(lambda gradient: kept.append(gradient.sinh()))  # makes: SinhBackward0
hooked.square().sum().backward(create_graph=True)  # makes: PowBackward0, MulBackward0, MulBackward1
w.grad = None
kept.append(w.neg())  # makes: NegBackward0

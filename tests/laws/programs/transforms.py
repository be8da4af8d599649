"""Derivatives of derivatives: functorch, forward mode, meta learning."""

import torch
from torch import nn
from torch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)
from torch.nn import functional

from laws.corpus import program


@program()
def meta_learning_through_a_step(tell):
    model = nn.Linear(2, 1)
    outer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        meta = 0
        for task in range(2):
            x, y = torch.randn(5, 2), torch.randn(5, 1) + task
            weights = dict(model.named_parameters())
            for _ in range(2):
                loss = functional.mse_loss(functional_call(model, weights, x), y)
                slopes = torch.autograd.grad(loss, weights.values(), create_graph=True)
                weights = {name: w - 0.1 * g for (name, w), g in zip(weights.items(), slopes, strict=True)}
            meta = meta + functional.mse_loss(functional_call(model, weights, x), y)
        tell.graph("meta", meta)
        outer.zero_grad()
        meta.backward()
        outer.step()
        tell("meta", meta)
        del weights, slopes, loss, meta
    return model, outer


def energy(x):
    y = torch.sin(x) * x.square()
    return y.sum()


@program()
def jacobians_and_hessians(tell):
    x = torch.randn(3)
    tell("grad", grad(energy)(x))
    tell("value", grad_and_value(energy)(x))
    tell("hessian", hessian(energy)(x))
    tell("jacrev", jacrev(torch.sin)(x))
    tell("jacfwd", jacfwd(torch.cos)(x))
    tell("grad of grad", grad(lambda v: grad(energy)(v).sum())(x))
    _, pull = vjp(torch.sin, x)
    tell("vjp", pull(torch.ones(3)))
    tell("jvp", jvp(energy, (x,), (torch.ones(3),)))
    _, push = linearize(energy, x)
    tell("linearize", push(torch.ones(3)))
    tell("hessian vector", jvp(grad(energy), (x,), (torch.ones(3),))[1])


@program()
def gradients_a_sample(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    weights = {name: parameter.detach() for name, parameter in model.named_parameters()}

    def loss_of(weights, x, y):
        logits = functional_call(model, weights, (x[None],))
        return functional.cross_entropy(logits, y[None])

    slopes = vmap(grad(loss_of), in_dims=(None, 0, 0))(weights, torch.randn(5, 3), torch.randint(2, (5,)))
    tell("slopes", slopes)
    doubled = vmap(lambda row: row * 2, randomness="different")(torch.ones(3, 2))
    tell("random", vmap(lambda row: row + torch.randn(2), randomness="different")(doubled))


@program()
def an_ensemble_by_vmap(tell):
    models = [nn.Linear(3, 1) for _ in range(3)]
    weights, buffers = stack_module_state(models)

    def one(weights, buffers, x):
        return functional_call(models[0], (weights, buffers), (x,))

    out = vmap(one, in_dims=(0, 0, None))(weights, buffers, torch.randn(4, 3))
    out.square().sum().backward()
    return weights


@program()
def old_functional_transforms(tell):
    x = torch.randn(3, requires_grad=True)
    tell("jacobian", torch.autograd.functional.jacobian(torch.sin, x))
    tell("hessian", torch.autograd.functional.hessian(energy, x))
    tell("hvp", torch.autograd.functional.hvp(energy, x, torch.ones(3)))
    tell("vectorised", torch.autograd.functional.jacobian(torch.exp, x, vectorize=True))
    y = energy(x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x, torch.eye(3), is_grads_batched=True, retain_graph=True)
    tell("batched", second)
    return x


@program()
def forward_mode(tell):
    forward = torch.autograd.forward_ad
    x, along = torch.randn(3, requires_grad=True), torch.randn(3)
    with forward.dual_level():
        dual = forward.make_dual(x, along)
        y = torch.sin(dual) * dual
        value, tangent = forward.unpack_dual(y)
        tell("tangent", tangent)
        tangent.sum().backward()
    tell(
        "checked",
        torch.autograd.gradcheck(
            torch.sin, (torch.randn(2, dtype=torch.float64, requires_grad=True),), check_forward_ad=True
        ),
    )
    return x


@program()
def third_derivative(tell):
    x = torch.tensor(0.7, requires_grad=True)
    y = torch.exp(torch.sin(x))
    for order in range(3):
        (y,) = torch.autograd.grad(y, x, create_graph=True)
        tell.graph(f"order {order}", y)
        tell("y", y)
    tell(
        "checked", torch.autograd.gradgradcheck(torch.tanh, (torch.randn(2, dtype=torch.float64, requires_grad=True),))
    )


@program()
def backward_with_a_graph_of_its_own(tell):
    x = torch.randn(3, requires_grad=True)
    y = x.pow(3).sum()
    y.backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.sum().backward()
    tell("second", x.grad)
    return x


@program()
def chosen_inputs_and_unused_ones(tell):
    x, y, z = (torch.randn(2, requires_grad=True) for _ in range(3))
    out = (x * y).sum()
    tell(
        "grads",
        [
            g if g is not None else "none"
            for g in torch.autograd.grad(out, [x, z], allow_unused=True, retain_graph=True)
        ],
    )
    tell("zeros", torch.autograd.grad(out, [x, z], materialize_grads=True, retain_graph=True))
    out.backward(inputs=[y])
    tell("none", [x.grad is None, z.grad is None])
    edge = torch.autograd.graph.get_gradient_edge(x * 2)
    tell("edge", [type(edge.node).__name__, edge.output_nr])
    return x, y, z


@program()
def implicit_differentiation(tell):
    a = torch.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.0, -1.0], dtype=torch.float64, requires_grad=True)
    x = torch.linalg.solve(a, b)
    low, vectors = torch.linalg.eigh(a)
    u, s, v = torch.linalg.svd(a)
    out = (
        x.sum()
        + low.prod()
        + vectors.abs().sum()
        + torch.linalg.det(a).log()
        + torch.linalg.cholesky(a).trace()
        + s.sum()
    )
    out.backward()
    return a, b

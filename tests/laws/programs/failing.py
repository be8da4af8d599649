"""Programs that fail, on purpose: type, text and lines of what is raised, and what is said before."""

import warnings

import torch
from torch import nn

from laws.corpus import program


@program()
def backward_through_a_freed_graph(tell):
    x = torch.randn(3, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


@program()
def saved_tensor_written_in_place(tell):
    model = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid())
    out = model(torch.randn(2, 3))
    out += 1
    out.sum().backward()


@program()
def parameters_stepped_before_backward(tell):
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    first, second = model(torch.randn(2, 3)).sum(), model(torch.randn(2, 3)).sum()
    first.backward()
    optimizer.step()
    second.backward()


@program()
def shapes_that_do_not_fit(tell):
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 1))
    model(torch.randn(2, 3)).sum().backward()


@program()
def a_loss_without_a_graph(tell):
    model = nn.Linear(3, 1)
    with torch.no_grad():
        loss = model(torch.ones(1, 3)).sum()
    loss.backward()


@program()
def a_root_that_is_not_scalar(tell):
    x = torch.randn(3, requires_grad=True)
    (x * 2).backward()


@program()
def an_exception_with_a_cause(tell):
    x = torch.randn(3, requires_grad=True)
    y = x.exp().sum()
    y.backward()
    try:
        y.backward()
    except RuntimeError as error:
        raise ValueError("training failed") from error


@program()
def anomaly_mode_tells_the_forward_line(tell):
    x = torch.zeros(3, requires_grad=True)
    with torch.autograd.detect_anomaly():
        y = x.sqrt()
        z = (y * 0).sum()
        z.backward()


@program()
def anomaly_mode_without_checking_nan(tell):
    x = torch.randn(3, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        y = x.exp()
        y.sum().backward()
        z = y * y
        y.add_(1)
        z.sum().backward()


@program()
def exits_and_interrupts(tell):
    x = torch.randn(3, requires_grad=True)
    try:
        x.register_hook(lambda g: (_ for _ in ()).throw(KeyboardInterrupt()))
        x.sum().backward()
    except KeyboardInterrupt as stop:
        tell("interrupted", stop)
    print("to standard output")
    raise SystemExit(3)


@program()
def warnings_of_torch_and_of_ones_own(tell):
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    for _ in range(2):
        tell("none", y.grad is None)
        warnings.warn("mine", UserWarning, stacklevel=1)
        warnings.warn("of my caller", DeprecationWarning, stacklevel=2)
    y.sum().backward(create_graph=True)
    torch.nn.functional.mse_loss(torch.ones(2), torch.ones(3, 2))
    nn.functional.softmax(torch.ones(2))
    torch.tensor(torch.ones(1))
    x.grad = None


@program()
def hooks_that_change_shapes(tell):
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g[:2])
    y.sum().backward()

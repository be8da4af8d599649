"""Views, in-place writes and their versions."""

import torch
from torch.nn import functional

from laws.corpus import program


@program()
def views_after_their_base_changed(tell):
    w = torch.randn(64, 64, requires_grad=True)
    base = w * 2
    view = base[1:].t()
    half = base.view(32, 128)
    base.mul_(torch.randn(64, 64))
    loss = (view @ base[1:]).sum() + half.sin().sum() + base.cos().sum()
    loss.backward()
    tell.graph("loss", loss)
    tell("gradient", w.grad)
    return w


@program()
def a_view_that_was_saved_before_its_base_changed(tell):
    w = torch.randn(16, 16, requires_grad=True)
    base = w * 2
    view = base[1:]
    kept = view * view
    base.mul_(torch.randn(16, 16))
    (base.cos().sum() + (view @ base.t()).sum()).backward()
    try:
        kept.sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    return w


@program()
def views_of_views(tell):
    x = torch.randn(4, 6, requires_grad=True)
    y = x.clone()
    a = y.view(2, 2, 6).transpose(0, 1)
    b = a[0].unsqueeze(0).expand(3, 2, 6)
    c = y.diagonal()
    d = y.as_strided((2, 2), (7, 1), 1)
    e = y.unfold(1, 3, 2).narrow(0, 1, 2)
    c.mul_(3)
    d.add_(1)
    loss = b.sum() + e.square().sum() + torch.split(y, 2)[1].prod() + y.swapaxes(0, 1).movedim(0, 1).sum()
    loss.backward()
    tell("versions", [each._version for each in (y, a, b, c, d, e)])
    return x


@program()
def several_outputs_cannot_be_changed(tell):
    x = torch.randn(3, 2, requires_grad=True)
    one, two, three = (x * 1).unbind(0)
    for change in (lambda: one.add_(1), lambda: (x * 1).chunk(2)[0].mul_(2), lambda: x.add_(1), lambda: x[0].fill_(0)):
        try:
            change()
        except RuntimeError as error:
            tell("raised", error)
    with torch.no_grad():
        two.add_(1)
    (one.sum() + three.sum()).backward()
    return x


@program()
def written_by_index(tell):
    table = torch.zeros(5, 3)
    values = torch.randn(2, 3, requires_grad=True)
    table[torch.tensor([0, 4])] = values * 2
    table.index_put_((torch.tensor([1, 1]),), values, accumulate=True)
    table.index_add_(0, torch.tensor([2, 3]), values).scatter_add_(
        1, torch.zeros(5, 1, dtype=torch.long), torch.ones(5, 1)
    )
    table.masked_fill_(table > 1, 0.5)
    table[0, 1:] = values[0, 1:]
    gathered = table.gather(1, torch.tensor([[0], [1], [2], [0], [1]]))
    loss = (
        table.square().sum()
        + gathered.sum()
        + torch.where(table > 0, table, -table).sum()
        + table.take(torch.tensor([3])).sum()
    )
    loss.backward()
    return values, table.detach()


@program()
def a_base_without_gradient_gets_one(tell):
    base = torch.zeros(8)
    view = base[:4]
    view.copy_(torch.randn(4, requires_grad=True) * 2)
    loss = (base * base).sum()
    tell("flags", [base.requires_grad, view.requires_grad])
    loss.backward()
    tell("loss", loss)


@program()
def written_after_it_was_saved(tell):
    x = torch.randn(3, requires_grad=True)
    y = x.exp()
    z = y * y
    y.add_(1)
    try:
        z.sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    h = torch.sigmoid(x)
    functional.relu_(h)
    h.sum().backward()
    return x


@program()
def hidden_writes(tell):
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    z = y.square()
    y.data.mul_(3)
    y.detach().add_(1)
    tell("version", y._version)
    try:
        z.sum().backward()
    except RuntimeError as error:
        tell("raised", error)
    with torch.autograd._unsafe_preserve_version_counter(y):
        y.zero_()
    tell("version", y._version)
    x.data = torch.zeros(3)
    return x


@program()
def set_resized_and_swapped(tell):
    x = torch.randn(2, 3)
    x.resize_(3, 2)
    y = torch.zeros(1).set_(x)
    x.unsqueeze_(0).squeeze_(0).t_()
    p, q = torch.nn.Parameter(torch.ones(2)), torch.nn.Parameter(torch.zeros(2))
    torch.utils.swap_tensors(p, q)
    tell("same memory", x.data_ptr() == y.data_ptr())
    with torch.no_grad():
        p.copy_(torch.full((2,), 3.0))
    tell("versions", [x._version, y._version, p._version])
    return x, y, p, q


@program()
def requires_grad_is_switched(tell):
    x = torch.randn(3)
    y = x.view(3)
    x.requires_grad_()
    (x * y).sum().backward()
    x.requires_grad_(False)
    z = (x * 2).requires_grad_()
    z.sum().backward()
    tell("gradients", [x.grad, z.grad])
    d = z.detach_()
    try:
        x.view(3).requires_grad_().detach_()
    except RuntimeError as error:
        tell("raised", error)
    return x, d

"""Hooks of each kind: how often they run, in which order, and with what."""

import torch
from torch import nn

from laws.corpus import program


@program()
def hooks_on_tensors(tell):
    seen = []
    x = torch.randn(3, requires_grad=True)
    y = x * 2
    z = y.sin()
    x.register_hook(lambda g: seen.append(["x", g.tolist()]))
    y.register_hook(lambda g: g * 2)
    z.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: seen.append(["y", g.tolist()]))
    handle = z.register_hook(lambda g: seen.append(["never"]))
    handle.remove()
    x.register_post_accumulate_grad_hook(lambda leaf: seen.append(["x has", leaf.grad.tolist()]))
    z.sum().backward()
    tell("seen", seen)
    tell("retained", [y.grad, z.grad])
    return x


@program()
def hooks_on_nodes(tell):
    seen = []
    x = torch.randn(3, requires_grad=True)
    y = (x * 2).exp()
    y.grad_fn.register_prehook(lambda outs: seen.append(["pre", len(outs)]))
    y.grad_fn.register_hook(lambda ins, outs: seen.append(["post", len(ins), len(outs)]))
    y.grad_fn.next_functions[0][0].register_hook(lambda ins, outs: tuple(g if g is None else g * 3 for g in ins))
    accumulate = y.grad_fn.next_functions[0][0].next_functions[0][0]
    accumulate.register_prehook(lambda outs: (outs[0] + 1,))
    accumulate.register_hook(lambda ins, outs: seen.append(["leaf", x.grad.tolist()]))
    y.sum().backward()
    tell("seen", seen)
    tell("metadata", sorted(key for key in y.grad_fn.metadata if not str(key).startswith("_tapelens")))
    return x


@program()
def a_kept_gradient_is_not_stolen(tell):
    kept = []
    x = torch.randn(4, requires_grad=True)
    y = x * 2
    y.grad_fn.register_hook(lambda ins, outs: kept.append(ins[0]))
    y.sum().backward()
    tell("same memory", kept[0].data_ptr() == x.grad.data_ptr())
    z = x * 3
    gradient = torch.ones(4)
    z.backward(gradient)
    w = torch.randn(4, requires_grad=True)
    w.view_as(w).backward(gradient)
    tell("stolen", w.grad.data_ptr() == gradient.data_ptr())
    return x, w


@program()
def gradients_are_stolen_as_before(tell):
    w = torch.randn(64, requires_grad=True)
    v = torch.randn(64, requires_grad=True)
    (w * v).sum().backward()
    tell.counts(first=w.grad, second=v.grad)
    before = w.grad.data_ptr()
    (w * 2).sum().backward()
    tell("in place", w.grad.data_ptr() == before)
    tell("versions", [w.grad._version, v.grad._version])
    return w, v


@program()
def hooks_on_several_gradients(tell):
    seen = []
    a, b, c = (torch.randn(2, requires_grad=True) for _ in range(3))
    handle = torch.autograd.graph.register_multi_grad_hook((a, b, c), lambda gs: seen.append([g is None for g in gs]))
    torch.autograd.graph.register_multi_grad_hook((a, b), lambda g: seen.append(["any", g.shape]), mode="any")
    (a * b).sum().backward()
    (a + b + c).sum().backward()
    handle.remove()
    (a * c).sum().backward()
    tell("seen", [str(each) for each in seen])
    return a, b, c


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x, *, scale=1.0):
        return self.two(self.one(x).relu()) * scale


@program()
def hooks_on_modules(tell):
    seen = []
    net = Net()
    net.register_forward_pre_hook(lambda m, args: seen.append("pre"))
    net.register_forward_pre_hook(lambda m, args, kwargs: (args, kwargs | {"scale": 2.0}), with_kwargs=True)
    net.one.register_forward_hook(lambda m, args, out: out + 1)
    net.register_forward_hook(
        lambda m, args, kwargs, out: seen.append(["forward", kwargs]), with_kwargs=True, always_call=True
    )
    net.two.register_full_backward_pre_hook(lambda m, outs: seen.append(["backward pre", len(outs)]))
    net.two.register_full_backward_hook(lambda m, ins, outs: seen.append(["backward", len(ins)]))
    net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append("state dict pre"))
    net.register_state_dict_post_hook(lambda m, state, prefix, local: seen.append("state dict"))
    net.register_load_state_dict_pre_hook(lambda *args: seen.append("load pre"))
    net.register_load_state_dict_post_hook(lambda m, keys: seen.append("load"))
    out = net(torch.randn(5, 3))
    tell.graph("out", out)
    out.sum().backward()
    net.load_state_dict(net.state_dict())
    tell("seen", [str(each) for each in seen])
    return net


@program()
def hooks_on_every_module(tell):
    from torch.nn.modules import module

    seen = []
    handles = [
        module.register_module_forward_pre_hook(lambda m, args: seen.append(f"pre {type(m).__name__}")),
        module.register_module_forward_hook(lambda m, args, out: seen.append(f"forward {type(m).__name__}")),
        module.register_module_full_backward_hook(lambda m, ins, outs: seen.append(f"backward {type(m).__name__}")),
        module.register_module_parameter_registration_hook(lambda m, name, p: seen.append(f"parameter {name}")),
    ]
    net = Net()
    net(torch.randn(5, 3)).sum().backward()
    for handle in handles:
        handle.remove()
    net(torch.randn(5, 3)).sum().backward()
    tell("seen", seen)
    return net


@program()
def old_backward_hooks(tell):
    seen = []
    net = nn.Linear(3, 2)
    net.register_backward_hook(lambda m, ins, outs: seen.append([g is None for g in ins]))
    net(torch.randn(4, 3)).sum().backward()
    tell("seen", seen)
    return net


@program()
def hooks_that_raise(tell):
    x = torch.randn(3, requires_grad=True)
    y = x * 2

    def refuse(gradient):
        raise ValueError("not this one")

    y.register_hook(refuse)
    try:
        y.sum().backward()
    except ValueError as error:
        tell("raised", error)
    tell("no gradient", x.grad is None)
    y.sum().backward()


@program()
def hooks_that_run_another_backward(tell):
    x = torch.randn(3, requires_grad=True)
    w = torch.randn(3, requires_grad=True)
    inner = []

    def again(gradient):
        with torch.enable_grad():
            (w * gradient.detach()).sum().backward()
        inner.append(w.grad.tolist())

    y = x * 2
    y.register_hook(again)
    y.sum().backward()
    tell("inner", inner)
    return x, w


@program()
def work_queued_for_the_end_of_backward(tell):
    seen = []
    x = torch.randn(3, requires_grad=True)
    y = x * 2

    def at_end():
        seen.append(["end", x.grad is not None])

    y.register_hook(lambda g: torch.autograd.Variable._execution_engine.queue_callback(at_end))
    y.sum().backward()
    node = []
    z = x.sin()
    z.register_hook(lambda g: node.append(torch._C._current_autograd_node() is not None))
    z.sum().backward()
    tell("seen", [str(seen), node])
    return x


def warn_from_everywhere(seen):
    import warnings

    for level in range(1, 9):
        warnings.warn(f"from {level} frames up", UserWarning, stacklevel=level)
    seen.append("warned")


@program()
def warnings_point_where_they_pointed(tell):
    seen = []

    class Warns(nn.Module):
        def forward(self, x):
            warn_from_everywhere(seen)
            return x * 2

    net = nn.Sequential(Warns(), nn.Linear(3, 2))
    x = torch.randn(4, 3, requires_grad=True)
    y = net(x)
    y.register_hook(lambda g: warn_from_everywhere(seen))
    y.sum().backward()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    optimizer.register_step_pre_hook(lambda *_: warn_from_everywhere(seen))
    optimizer.step(lambda: warn_from_everywhere(seen))
    torch.autograd.grad(net(x).sum(), x)
    tell("seen", seen)
    return net

"""Random programs that use autograd rightly and wrongly, as Python source to paste and run.

A small grammar: each statement is drawn from a table of templates. Names in braces are filled with
tensors made before, so that what is wrong (a write in place, a second backward) meets what was saved.
Statements that torch refuses at once are passed over.
"""

from __future__ import annotations

import random
import textwrap

_HEAD = """\
from probe.capture.pieces import *

torch.manual_seed({seed})
a = torch.rand(4, requires_grad=True)
b = torch.rand(4, requires_grad=True)
c = torch.rand(4)
w = torch.rand(4, 4, requires_grad=True)
s = torch.rand((), requires_grad=True)
z = torch.rand(4, dtype=torch.complex64, requires_grad=True)
layer = nn.Linear(4, 4)
norm = nn.BatchNorm1d(4)
scaler = Scaler()
params = [a, w, *layer.parameters()]
{optimizer}
"""
_OPTIMIZERS = (
    "optimizer = torch.optim.SGD(params, lr=0.1)",
    "optimizer = torch.optim.SGD(params, lr=0.1, momentum=0.9, foreach=True)",
    "optimizer = torch.optim.AdamW(params, foreach=True)",
    "optimizer = torch.optim.AdamW(params, fused=True)",
    "optimizer = torch.optim.SGD(params, lr=0.1, fused=True)",
)

_Weighted = tuple[tuple[int, str], ...]

_NEW: _Weighted = (
    (3, "{0}.exp()"),
    (3, "{0}.sigmoid()"),
    (2, "{0}.tanh()"),
    (2, "{0}.sin()"),
    (2, "{0}.relu()"),
    (1, "{0}.clone()"),
    (1, "{0}.square()"),
    (1, "{0}.clamp(0.2, 0.8)"),
    (1, "{0}.cumsum(0)"),
    (1, "{0}.softmax(-1)"),
    (1, "F.dropout({0}, 0.5)"),
    (1, "F.gelu({0})"),
    (1, "F.layer_norm({0}, (4,))"),
    (6, "{0} * {1}"),
    (4, "{0} + {1}"),
    (2, "{0} - {1}"),
    (3, "{0} / ({1} + 2)"),
    (2, "torch.cat([{0}, {1}])[:4]"),
    (1, "torch.maximum({0}, {1})"),
    (1, "torch.where(c > 0.5, {0}, {1})"),
    (1, "torch.stack([{0}, {1}]).mean(0)"),
    (2, "w @ {0}"),
    (2, "F.linear({0}, w)"),
    (2, "F.linear({0}, w.t(), b)"),
    (1, "torch.outer({0}, {1})"),
    (3, "layer({0})"),
    (1, "norm(torch.stack([{0}, {1}]))[0]"),
    (1, "norm(layer(torch.stack([{0}, {1}, c]))).mean(0)"),
    (2, "{0}.view(-1)"),
    (2, "{0}[1:]"),
    (2, "{0}[0]"),
    (1, "{0}.unbind(0)[1]"),
    (1, "{0}.chunk(2)[0]"),
    (1, "{0}.split(2)[1]"),
    (1, "{0}.expand(2, 4)"),
    (1, "{0}.as_strided((2,), (1,))"),
    (1, "{0}[torch.tensor([0, 2])]"),
    (1, "{0}.unsqueeze(0).squeeze(0)"),
    (1, "{0}.detach()"),
    (1, "z * {0}"),
    (1, "torch.view_as_real(z * {0})[:, 0]"),
    (1, "(z * {0}).abs()"),
    (1, "(z + {0}).real"),
    (2, "Scaled.apply({0})"),
    (1, "Lazily.apply({0})"),
    (2, "Plain.apply({0})"),
    (1, "Once.apply({0})"),
    (1, "Keeps.apply({0})"),
    (1, "Two.apply({0})[0]"),
    (1, "Two.apply({0})[1]"),
    (1, "Unmaterialised.apply({0})[1]"),
    (1, "Dirty.apply({0} * 1)"),
    (1, "checkpoint(squash, {0}, use_reentrant=False)"),
    (1, "checkpoint(layer, {0}, use_reentrant=False)"),
    (1, "checkpoint(squash, {0}, use_reentrant=True)"),
    (1, "grad({0}.exp().sum(), {1}, create_graph=True, allow_unused=True)[0]"),
    (1, "grad(Once.apply({0}).square().sum(), {1}, create_graph=True, allow_unused=True)[0]"),
    (1, "torch.heaviside({0}, c)"),
    (1, "torch.rand(4, requires_grad=True)"),
)
_UNDER = (
    (5, "torch.no_grad()"),
    (2, "torch.set_grad_enabled(False)"),
    (1, "torch.inference_mode()"),
    (3, "torch.autograd.graph.saved_tensors_hooks(pack, unpack)"),
    (1, "torch.autograd.graph.save_on_cpu()"),
)
_IN_PLACE: _Weighted = (
    (3, "{0}.add_(1)"),
    (3, "{0}.mul_(2)"),
    (2, "{0}.mul_({1})"),
    (2, "{0}.sigmoid_()"),
    (1, "{0}.zero_()"),
    (1, "{0}.relu_()"),
    (1, "F.relu({0}, inplace=True)"),
    (2, "{0}.copy_({1})"),
    (1, "{0} += {1}"),
    (1, "Dirty.apply({0})"),
    (1, "{0}[0] = 1"),
    (1, "{0}[1:].mul_(0.5)"),
    (1, "{0}[:2] = {1}[:2]"),
)
_WRITES: _Weighted = (
    (6, "optimizer.step()"),
    (3, "with torch.no_grad(): {0}.mul_(0.9)"),
    (2, "with torch.no_grad(): {0}.add_({1})"),
    (2, "with torch.no_grad(): w.sub_(0.1)"),
    (1, "with torch.no_grad(): layer.weight.mul_(0.5)"),
    (1, "norm.running_mean.zero_()"),
    (1, "{0}.data.add_(1)"),
)
_ASIDE: _Weighted = (
    (3, "{0}.retain_grad()"),
    (1, "{0}.requires_grad_(False)"),
    (1, "{0}.requires_grad_()"),
    (2, "{0}.grad = None"),
    (2, "optimizer.zero_grad()"),
    (1, "{0}.detach_()"),
    (1, "del {0}"),
    (1, "norm.eval()"),
    (1, "layer.requires_grad_(False)"),
)
_HOOKS: _Weighted = (
    (4, '{0}.register_hook(counted({0}, "tensor_pre"))'),
    (2, '{0}.register_post_accumulate_grad_hook(counted({0}, "post_accumulate"))'),
    (1, '{0}.grad_fn.register_hook(counted({0}, "node_post"))'),
    (1, '{0}.grad_fn.register_prehook(counted({0}, "node_pre"))'),
)
_LOSSES: _Weighted = (
    (4, "{0}.sum()"),
    (3, "{0}.mean()"),
    (2, "({0} * {0}).sum()"),
    (1, "{0}.prod()"),
    (1, "{0}.max()"),
    (2, "{0}.square().mean()"),
    (1, "F.mse_loss({0}, c)"),
    (1, "F.cross_entropy({0}, torch.tensor(1))"),
    (1, "{0}.norm()"),
    (1, "{0}.abs().sum()"),
)
_KINDS = ((52, "new"), (6, "under"), (8, "in_place"), (7, "write"), (6, "aside"), (9, "hook"))
_CALLS: _Weighted = (
    (12, "{0}.backward()"),
    (4, "{0}.backward(retain_graph=True)"),
    (1, "{0}.backward(create_graph=True)"),
    (1, "{0}.backward(inputs=[a])"),
    (1, "{0}.backward(inputs=[w, {1}])"),
    (1, "{0}.backward(inputs=list(layer.parameters()))"),
    (1, "({0} * 2).backward()"),
    (1, "({0} / 4).backward(retain_graph=True)"),
    (1, "scaler.scale({0}).backward()"),
    (1, "{1}.sum().backward()"),
    (2, "torch.autograd.backward([{0}, {2}])"),
    (1, "torch.autograd.backward([{0}, {1}], [None, torch.ones_like({1})])"),
    (1, "grad({0}, a)"),
    (2, "grad({0}, a, allow_unused=True)"),
    (2, "torch.autograd.grad({0}, [b, {1}], retain_graph=True, allow_unused=True)"),
    (1, "torch.autograd.grad({0}, params, allow_unused=True)"),
    (1, "torch.autograd.grad({0}, list(layer.parameters()), allow_unused=True)"),
    (1, "torch.autograd.grad({0}, [a, w])"),
    (1, "grad({1}, [a, {0}], grad_outputs=torch.ones_like({1}), allow_unused=True)"),
    (1, "{1}.backward(torch.ones_like({1}))"),
    (1, "{1}.backward(torch.ones(4))"),
    (1, "{1}.backward(c)"),
    (1, "s.backward()"),
    (1, "a.backward(c)"),
    (1, "torch.autograd.backward([{0}, s])"),
    (4, "go()"),
)


def random_program(seed: int) -> str:
    """A program whose every call of backward is a stop, and so is the line after it."""
    return _Program(seed).source()


class _Program:
    def __init__(self, seed: int) -> None:
        self._choose = random.Random(seed)
        self._seed = seed
        self._names = ["a", "b", "c", "w"]
        self._scalars: list[str] = []

    def source(self) -> str:
        choose = self._choose
        lines: list[str] = []
        for round_ in range(choose.randint(1, 3)):
            lines += [self._statement() for _ in range(choose.randint(2, 8))]
            loss = f"loss{round_}"
            if choose.random() < 0.95:
                lines.append(_guarded(f"{loss} = " + self._fill(_LOSSES, choose.choice([*self._names[-3:], "w"]))))
                self._scalars.append(loss)
            if choose.random() < 0.3:
                lines.append(self._statement())
            root = choose.choice([*self._scalars, *self._scalars[-1:] * 3, choose.choice(self._names)])
            second = choose.choice([*self._scalars, root])
            lines.append(_stop(self._draw(_CALLS).format(root, choose.choice(self._names), second)))
            if choose.random() < 0.25:
                lines.append(_stop(f"{root}.backward()"))
        head = _HEAD.format(seed=self._seed, optimizer=choose.choice(_OPTIMIZERS))
        return head + "\n".join(lines)

    def _statement(self) -> str:
        match self._draw(_KINDS):
            case "new":
                text = self._new()
            case "under":
                under = self._draw(_UNDER)
                text = f"with {under}: {self._new()}"
            case "in_place":
                text = self._fill(_IN_PLACE, self._any())
            case "write":
                text = self._fill(_WRITES, self._any())
            case "aside":
                text = self._fill(_ASIDE, self._any())
            case _:
                text = self._fill(_HOOKS, self._any())
        return _guarded(text)

    def _new(self) -> str:
        text = self._fill(_NEW, self._any())
        name = f"t{len(self._names)}"
        self._names.append(name)
        return f"{name} = {text}"

    def _any(self) -> str:
        """Newer names more often, and the parameter."""
        return self._choose.choice([*self._names, *self._names[-3:], "w"])

    def _fill(self, table: _Weighted, first: str) -> str:
        return self._draw(table).format(first, self._any())

    def _draw(self, table: _Weighted) -> str:
        return self._choose.choices([text for _, text in table], [weight for weight, _ in table])[0]


def _guarded(text: str) -> str:
    return f"try:\n{textwrap.indent(text, '    ')}\nexcept Exception: pass"


def _stop(call: str) -> str:
    lines = (
        "failure = None",
        "try:",
        f"    {call}  # stop: before",
        "except Exception as error: failure = str(error)",
        "mark = 0  # stop: after",
    )
    return "\n".join(lines)

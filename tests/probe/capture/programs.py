"""Small random programs that use autograd rightly and wrongly."""

from __future__ import annotations

import random
import textwrap

_HEAD = """
import torch

class Scaled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return grad * 2 + 0 * x

class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2

a = torch.rand(3, requires_grad=True)
b = torch.rand(3, requires_grad=True)
c = torch.rand(3)
"""
_UNARY = ("exp()", "sigmoid()", "tanh()", "sin()", "relu()", "clone()", "view(3)", "view(-1)", "detach()", "abs()")
_SLICES = ("[1:]", "[:2]", "[0]", ".unbind(0)[1]", ".chunk(2)[0]", ".expand(2, 3)")
_BINARY = ("{0} * {1}", "{0} + {1}", "{0} - {1}", "{0} / ({1} + 2)", "torch.cat([{0}, {1}])", "torch.maximum({0}, {1})")
_REDUCED = ("{0}.sum()", "{0}.mean()", "({0} * {0}).sum()", "{0}.prod()", "{0}.max()", "{0}.square().mean()")
_IN_PLACE = (
    "{0}.add_(1)",
    "{0}.mul_(2)",
    "{0}.sigmoid_()",
    "{0}.zero_()",
    "{0}[0] = 1",
    "{0}.relu_()",
    "{0}.copy_({1})",
)
_ASIDE = (
    "{0}.retain_grad()",
    "{0}.requires_grad_(False)",
    "{0}.requires_grad_()",
    "{0}.grad = None",
    "{0}.detach_()",
    "del {0}",
)
_CALLS = (
    "{0}.backward()",
    "{0}.backward()",
    "{0}.backward()",
    "{0}.backward(retain_graph=True)",
    "{0}.backward(inputs=[a])",
    "({0} * 2).backward()",
    "torch.autograd.backward([{0}, {1}])",
    "torch.autograd.grad({0}, a, allow_unused=True)",
    "torch.autograd.grad({0}, [b, {1}], retain_graph=True, allow_unused=True)",
    "{0}.backward(torch.ones_like({0}))",
)


def random_program(seed: int) -> str:
    """A program whose every call of backward is a stop, and so is the line after it.

    Statements that torch refuses at once are passed over.
    """
    choose = random.Random(seed)
    names = ["a", "b", "c"]
    scalars: list[str] = []
    lines: list[str] = []
    for round_ in range(choose.randint(1, 3)):
        lines += [_statement(choose, names) for _ in range(choose.randint(2, 7))]
        loss = f"loss{round_}"
        if choose.random() < 0.93:
            lines.append(_guarded(f"{loss} = " + choose.choice(_REDUCED).format(choose.choice(names[-3:]))))
            scalars.append(loss)
        if choose.random() < 0.25:
            lines.append(_statement(choose, names))
        root = choose.choice([*scalars, *scalars, *scalars, choose.choice(names)]) if scalars else choose.choice(names)
        other = choose.choice([*scalars, *names])
        lines.append(_stop(choose.choice(_CALLS).format(root, other)))
        if choose.random() < 0.3:
            lines.append(_stop(f"{root}.backward()"))
    return _HEAD + "\n".join(lines)


def _statement(choose: random.Random, names: list[str]) -> str:
    kind = choose.random()
    some, other = choose.choice(names), choose.choice(names)
    new = f"t{len(names)}"
    if kind < 0.22:
        text = f"{new} = {some}.{choose.choice(_UNARY)}"
    elif kind < 0.34:
        text = f"{new} = {some}{choose.choice(_SLICES)}"
    elif kind < 0.66:
        text = f"{new} = {choose.choice(_BINARY).format(some, other)}"
    elif kind < 0.72:
        text = f"{new} = {choose.choice(('Scaled', 'Doubled'))}.apply({some})"
    elif kind < 0.76:
        text = f"with torch.no_grad(): {new} = {some} * {other}"
    elif kind < 0.88:
        text = choose.choice(_IN_PLACE).format(some, other)
        new = ""
    elif kind < 0.92:
        text = "with torch.no_grad(): " + choose.choice(_IN_PLACE).format(some, other)
        new = ""
    else:
        text = choose.choice(_ASIDE).format(some)
        new = ""
    if new:
        names.append(new)
    return _guarded(text)


def _guarded(text: str) -> str:
    return f"try:\n{textwrap.indent(text, '    ')}\nexcept (RuntimeError, NameError, IndexError): pass"


def _stop(call: str) -> str:
    lines = (
        "failure = None",
        "try:",
        f"    {call}  # stop: before",
        "except Exception as error: failure = str(error)",
        "mark = 0  # stop: after",
    )
    return "\n".join(lines)

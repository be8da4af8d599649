"""What a fix makes of a file: the rest stays as it stands, letter for letter."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tapelens.check.fixes import applied, diff
from tapelens.rules.catalogue import RULES, fixer
from tapelens.rules.model import Rule, finding
from tapelens.wire.findings import Finding, Related
from tapelens.wire.sites import Site

PATH = "/home/me/train.py"


def at(line: int) -> Site:
    return Site(path=PATH, line=line, function="<module>", in_library=False)


def found(rule: str, line: int, *related: int) -> Finding:
    declaration = next(each for each in RULES if each.slug == rule)
    sites = tuple(Related(site=at(each), message="") for each in related)
    return finding(declaration, at=at(line), message="", related=sites)


def offered(rule: str, text: str, *related: int) -> str | None:
    """The text after the fix for a finding on the line that says ``# here``."""
    text = textwrap.dedent(text)
    lines = text.splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if each.endswith("# here"))
    declaration = next(each for each in RULES if each.slug == rule)
    offer = fixer(declaration)
    assert offer is not None
    fix = offer(found(rule, line, *related), text)
    if fix is None:
        return None
    changed, went_in = applied(text, [fix], path=PATH)
    assert went_in == [0]
    ast.parse(changed)
    return changed


def changed_lines(before: str, after: str) -> list[str]:
    before = textwrap.dedent(before)
    return [
        line.rstrip("\n") for line in diff(before, after, path="train.py") if line[:1] in "+-" and line[1:2] not in "+-"
    ]


LOOP = """\
    for x in data:
        loss = model(x).mean()  # the loss
        loss.backward(

        )
        optimizer.step()  # here
    """


def test_zero_grad_goes_before_the_backward_of_the_same_block():
    after = offered("missing-zero-grad", LOOP)
    assert after is not None
    assert changed_lines(LOOP, after) == ["+    optimizer.zero_grad()"]
    assert after.index("optimizer.zero_grad()") < after.index("loss.backward(")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("for x in d:\n    loss = train(x)\n    self.opt.step()  # here\n", "    self.opt.zero_grad()"),
        ("for x in d:\n\tscaler.scale(f(x)).backward()\n\tscaler.step(opt)  # here\n", "\topt.zero_grad()"),
        (
            "for x in d:\n    f(x).backward()\n    if n % 4 == 0:\n        opt.step()  # here\n",
            "        opt.zero_grad()",
        ),
        ("def closure():\n    f().backward()  # here\n    return 1\no.step(closure)\n", "    o.zero_grad()"),
    ],
)
def test_zero_grad_finds_the_optimizer_s_name_and_its_place(text: str, line: str):
    after = offered("missing-zero-grad", text)
    assert after is not None
    assert changed_lines(text, after) == [f"+{line}"]


@pytest.mark.parametrize(
    "text",
    [
        "f(w).backward()  # here\n",  # an update by hand
        "get_optimizer().step()  # here\n",
        "if ready: optimizer.step()  # here\n",
        "optimizer.step(); n += 1  # here\n",
        "step(  # here\n",
    ],
)
def test_where_no_plain_change_is_known_none_is_offered(text: str):
    declaration = next(each for each in RULES if each.slug == "missing-zero-grad")
    offer = fixer(declaration)
    assert offer is not None
    assert offer(found("missing-zero-grad", 1), text) is None


def test_line_ends_of_the_file_are_kept():
    text = "for x in d:\r\n    f(x).backward()\r\n    opt.step()  # here\r\n"
    after = offered("missing-zero-grad", text)
    assert after == "for x in d:\r\n    opt.zero_grad()\r\n    f(x).backward()\r\n    opt.step()  # here\r\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("loss.backward(retain_graph=True)  # here", "loss.backward()  # here"),
        ("loss.backward(gradient, retain_graph=True)  # here", "loss.backward(gradient)  # here"),
        ("loss.backward(retain_graph=True, gradient=g)  # here", "loss.backward(gradient=g)  # here"),
        (
            "a(x).sum().backward(None, True and b, retain_graph = True,)  # here",
            "a(x).sum().backward(None, True and b,)  # here",
        ),
        (
            "grads = torch.autograd.grad(f(x), [x], retain_graph=True)  # here",
            "grads = torch.autograd.grad(f(x), [x])  # here",
        ),
    ],
)
def test_an_argument_goes_with_the_comma_that_it_does_not_need(before: str, after: str):
    assert offered("needless-retain-graph", f"{before}\n") == f"{after}\n"


def test_comments_of_a_call_over_several_lines_stay():
    text = """\
    loss.backward(  # here
        # for the second loss
        retain_graph=True,
        gradient=g,  # the weights
    )
    """
    after = offered("needless-retain-graph", text)
    assert after is not None
    assert changed_lines(text, after) == ["-    retain_graph=True,"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("total = 0\ntotal += loss  # here", "total = 0\ntotal += loss.item()  # here"),
        ("total = torch.zeros(1)\ntotal += loss  # here", "total = torch.zeros(1)\ntotal += loss.detach()  # here"),
        ("total += a * b  # here", "total += (a * b).detach()  # here"),
        ("self.losses.append(loss)  # here", "self.losses.append(loss.detach())  # here"),
        ("h = cell(x, h)  # here", "h = cell(x, h.detach())  # here"),
        ("out, h = rnn(x, h)  # here", None),  # a state may be several tensors
        ("smooth = 0.9 * smooth + 0.1 * loss  # here", "smooth = (0.9 * smooth + 0.1 * loss).detach()  # here"),
        ("log['loss'] = loss  # here", None),
        ("return loss  # here", None),
    ],
)
def test_a_graph_is_cut_off_where_it_is_tied(before: str, after: str | None):
    assert offered("graph-growth", f"{before}\n") == (None if after is None else f"{after}\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "w = torch.randn(3, requires_grad=True).to(device)  # here",
            "w = torch.randn(3).to(device).requires_grad_()  # here",
        ),
        (
            "w = torch.randn(3, requires_grad=True) * 0.1  # here",
            "w = (torch.randn(3) * 0.1).requires_grad_()  # here",
        ),
        ("w = torch.randn(3, requires_grad=True)  # here", None),
        ("w = w - lr * w.grad  # here", None),
    ],
)
def test_the_leaf_is_what_is_made_last(before: str, after: str | None):
    assert offered("leaf-lost", f"{before}\n") == (None if after is None else f"{after}\n")


def test_a_list_of_modules_is_registered_where_it_is_made():
    text = """\
    from torch import nn
    class Net(nn.Module):
        def __init__(self):
            self.blocks = [nn.Linear(2, 2) for _ in range(3)]
    optimizer = Adam(Net().parameters())  # here
    """
    after = offered("param-not-in-optimizer", text, 4)
    assert after is not None
    assert changed_lines(text, after)[1] == "+        self.blocks = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])"


def test_a_gradient_that_is_read_is_retained_before_the_backward():
    text = "y = f(x)\ny.sum().backward()\nprint(y.grad)  # here\n"
    assert offered("nonleaf-grad", text) == "y = f(x)\ny.retain_grad()\ny.sum().backward()\nprint(y.grad)  # here\n"


def test_a_name_of_a_comprehension_s_own_is_not_retained_outside():
    assert offered("nonleaf-grad", "sum(ys).backward()\nprint([y.grad for y in ys])  # here\n") is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x.mul_(y + 1)  # here", "x = x.mul(y + 1)  # here"),
        ("x += y @ z  # here", "x = x + (y @ z)  # here"),
        ("self.x += y  # here", None),
        ("x[0] = 1  # here", None),
    ],
)
def test_a_new_tensor_is_made_instead_of_a_change(before: str, after: str | None):
    assert offered("inplace-modified", f"{before}\n") == (None if after is None else f"{after}\n")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.fix is not None], ids=lambda rule: rule.slug)
@pytest.mark.parametrize(
    "text", ["", "(", "def f(:\n  x = [\n", "\x00", "optimizer.step(\n", "é = 'x'; é.grad\n", "\t if"]
)
def test_no_text_makes_a_fix_raise(rule: Rule, text: str):
    offer = fixer(rule)
    assert offer is not None
    for line in (0, 1, 2, 99):
        offer(found(rule.slug, line, 1, 5), text)

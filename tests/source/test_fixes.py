"""What a fix makes of a file: the rest stays as it stands, letter for letter."""

from __future__ import annotations

import ast
import textwrap

import pytest

from tapelens.check.fixes import applied, diff
from tapelens.rules.catalogue import RULES, fixer
from tapelens.rules.model import finding
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

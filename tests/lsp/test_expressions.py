"""What the cursor points at, in whole and in half-typed text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapelens.lsp.expressions import canonical, pointed_at

PROGRAM = '''\
"""A docstring that speaks of loss."""
y = x.grad + self.layers[-1].weight
batch["mask"].sum()  # loss
f(x).weight
x[i].grad
if z:
    total += loss.item()
'''


def at(text: str, marked: str):
    """Where ``marked`` stands, the cursor being ``|``."""
    before, _, after = marked.partition("|")
    start = text.index(before + after) + len(before)
    line = text.count("\n", 0, start) + 1
    return line, start - (text.rfind("\n", 0, start) + 1)


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("|y = x", "y"),
        ("= |x.grad", "x"),
        ("x.gr|ad", "x.grad"),
        ("se|lf.layers", "self"),
        ("self.lay|ers[-1]", "self.layers"),
        ("layers[-|1]", "self.layers[-1]"),
        ("[-1|]", "self.layers[-1]"),
        (".wei|ght\nbatch", "self.layers[-1].weight"),
        ("bat|ch", "batch"),
        ('["ma|sk"]', "batch['mask']"),
        ("].su|m()", "batch['mask'].sum"),
        ("f(|x)", "x"),
        ("x[|i]", "i"),
        ("loss.it|em", "loss.item"),
        ("lo|ss.item", "loss"),
    ],
)
def test_the_chain_that_ends_under_the_cursor(marked, expected):
    pointed = pointed_at(PROGRAM, *at(PROGRAM, marked))
    assert pointed is not None
    assert pointed.text == expected


@pytest.mark.parametrize("marked", ["of lo|ss.", "# lo|ss", "f(x).wei|ght", "x[i].gr|ad", "i|f z", "total +|= l"])
def test_no_chain_in_comments_strings_keywords_calls_and_changing_subscripts(marked):
    assert pointed_at(PROGRAM, *at(PROGRAM, marked)) is None


def test_the_chain_gives_every_part_from_the_name_on():
    pointed = pointed_at("self.a[0].w", 1, 10)
    assert pointed is not None
    assert pointed.chain == ("self", "self.a", "self.a[0]", "self.a[0].w")
    assert (pointed.line, pointed.column, pointed.end_column) == (1, 0, 11)


@pytest.mark.parametrize(
    "text",
    [
        "def f(:\n    loss.grad\n",
        "x = (\n\n\ndef g():\n    loss.grad\n",
        "'unclosed\n    loss.grad\n",
        "  bad dedent\n\tand tab\n loss.grad",
        "if x\n        loss.grad",
        "print(f'{\nloss.grad",
    ],
)
def test_half_typed_text_around_a_whole_line_is_no_obstacle(text):
    line = text[: text.index("loss")].count("\n") + 1
    column = text.splitlines()[line - 1].index("grad")
    pointed = pointed_at(text, line, column)
    assert pointed is not None
    assert pointed.text == "loss.grad"
    assert pointed.column == column - len("loss.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('batch["mask"]', "batch['mask']"),
        ("layers[3].weight", "layers[3].weight"),
        ("a . b", "a.b"),
        ("f(x)", None),
        ("x[i]", None),
        ("x[f()]", None),
        ("x +", None),
        ("(x := 3)", None),
        ("\0", None),
        ("", None),
    ],
)
def test_one_spelling_for_each_chain_and_none_for_what_would_have_to_be_run(text, expected):
    assert canonical(text) == expected


@given(st.text(alphabet="ab.[]()'\"\\\n\t 0-:#=\x00é😀{}f", max_size=60), st.integers(1, 8), st.integers(0, 30))
def test_no_text_and_no_cursor_makes_it_fall(text, line, column):
    pointed = pointed_at(text, line, column)
    if pointed is not None:
        assert canonical(pointed.text) == pointed.text

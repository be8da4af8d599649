"""What newcomers read of each tensor, and of the backward that is about to run."""

from __future__ import annotations

from typing import Any

import pytest

from report.tapes import HERE, Tape, seed
from tapelens.report.sentences import forecast, tensor_sentences
from tapelens.wire.panel import TensorSentence
from tapelens.wire.snapshot import WillRaise


def sentence_of(tape: Tape, row: int) -> TensorSentence:
    return next(each for each in tensor_sentences(tape.snapshot()) if each.tensor == row)


def said(tape: Tape, row: int) -> str:
    sentence = sentence_of(tape, row)
    return f"{sentence.title} {sentence.text} {sentence.advice}".strip()


def lone(*names: str, **changes: Any) -> str:
    tape = Tape()
    return said(tape, tape.tensor(*names, **changes))


def test_a_non_leaf_passes_its_gradient_on():
    assert sentence_of(seed(), 1) == TensorSentence(
        tensor=1,
        title="Why is y1.grad None?",
        text="y1 is not a leaf, so backward passes its gradient on to x and does not keep it.",
        advice="To keep it, call y1.retain_grad() before loss.backward().",
    )


def test_a_leaf_before_its_first_backward_waits_for_it():
    assert said(seed(), 0) == (
        "Why is x.grad None? No backward has reached x yet. It is a leaf: loss.backward() will fill x.grad."
    )


def test_a_leaf_whose_gradient_will_be_added_to_says_how_to_clear_it():
    tape = Tape()
    w = tape.tensor("w", requires_grad=1, backward_effect="added", grad_value=4.0, optimizer="optimizer")
    loss = tape.tensor("loss", grad_fn=tape.node("MulBackward0", tape.node("AccumulateGrad", leaf=w)))
    tape.foresee(loss)
    assert said(tape, w) == (
        "What happens to w.grad next? w.grad already holds a gradient (4), and backward never clears it: "
        "loss.backward() will add to it. If that is not meant, clear it first: optimizer.zero_grad()."
    )
    tape.tensors[w]["optimizer"] = -1
    assert said(tape, w).endswith("clear it first: w.grad = None.")


def test_a_leaf_that_the_root_was_not_computed_from_is_not_reached():
    tape = seed()
    unused = tape.tensor("unused", requires_grad=1)
    assert "loss was not computed from it: loss.backward() does not reach it." in said(tape, unused)


def test_a_leaf_in_a_frame_without_a_graph_asks_for_a_backward():
    assert lone("w", requires_grad=1, backward_effect="unknown") == (
        "Why is w.grad None? No backward has reached w yet. It is a leaf: a backward through what uses it fills w.grad."
    )


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        ({}, "To get its gradient, call t.requires_grad_() before it is used."),
        ({"dtype": "int64"}, "A tensor of int64 cannot: only floating point and complex ones can."),
        ({"type_name": "Parameter", "module": "model.head"}, "t is a parameter of model.head that is frozen"),
    ],
)
def test_a_tensor_outside_the_graph_says_why(tensor: dict[str, Any], words: str):
    text = lone("t", **tensor)
    assert text.startswith("Does t take part in backward? No: t ")
    assert words in text


def test_a_root_whose_graph_was_freed_says_what_will_be_raised():
    tape = seed()
    will_raise = WillRaise(
        reason="freed", node=4, freed_by=HERE, message="loss's graph was freed by the backward at train.py:4."
    )
    tape.foresee(3, will_raise=will_raise)
    assert said(tape, 3) == (
        "Can loss.backward() run again? loss's graph was freed by the backward at train.py:4. "
        "Compute loss again before this line, or pass retain_graph=True to the backward before it."
    )
    assert forecast(tape.snapshot()) == will_raise.message


def test_a_non_leaf_behind_a_freed_graph_says_so():
    tape = seed()
    tape.nodes[2]["state"] = "freed"
    assert "Its graph has been run backward already, which freed what it had saved." in said(tape, 2)


def test_a_view_changed_in_place_says_why_nobody_asks():
    tape = Tape()
    base = tape.tensor("base")
    view = tape.tensor("view", is_view=1, is_leaf=-1, base=base, not_shown="view changed in place: not shown")
    text = said(tape, view)
    assert text.startswith("Why is part of view not shown? view is a view, and the memory that it looks at was changed")
    assert text.endswith("Look at base, which it is a view of.")


def test_what_is_not_shown_says_why():
    assert lone("t", requires_grad=-1, is_leaf=-1, not_shown="a subclass with its own sizes") == (
        "Why is part of t not shown? A subclass with its own sizes."
    )


def test_a_hook_is_told_with_its_place():
    tape = seed()
    tape.hook("log_gradient", tensor=1, line=7)
    assert "Its hook log_gradient (line 7) runs when that gradient arrives." in said(tape, 1)


def test_a_tensor_that_retains_its_gradient_will_keep_it_and_then_has_it():
    tape = seed()
    tape.tensors[1]["retains_grad"] = 1
    assert "y1.retain_grad() was called, so it will keep its gradient." in said(tape, 1)
    tape.tensors[1]["grad"] = "held"
    assert "it kept the gradient that passed." in said(tape, 1)


def test_many_leaves_behind_a_tensor_are_not_all_named():
    tape = Tape()
    leaves = [tape.tensor(f"w{each}", requires_grad=1) for each in range(9)]
    nodes = [tape.node("AccumulateGrad", leaf=leaf) for leaf in leaves]
    out = tape.tensor("out", grad_fn=tape.node("AddmmBackward0", *nodes))
    assert "passes its gradient on to w0 and other leaves and does not keep it" in said(tape, out)


def test_only_tensors_of_the_frame_have_sentences():
    tape = seed()
    tape.tensor(requires_grad=1, in_frame=0)
    assert [each.tensor for each in tensor_sentences(tape.snapshot())] == [0, 1, 2, 3]


def test_the_forecast_says_what_backward_will_do():
    tape = seed()
    assert forecast(tape.snapshot()) == "loss.backward() will fill x.grad. It frees what 2 nodes saved (8 B)."
    tape.foresee(3, chosen_by="newest_scalar", retains=True, hooks=(0, 1))
    assert forecast(tape.snapshot()) == (
        "loss.backward() would fill x.grad. It keeps the graph for another backward and runs 2 hooks."
    )


def test_without_a_graph_there_is_no_forecast():
    assert forecast(Tape().snapshot()) == ""


def test_where_it_cannot_be_told_whether_backward_raises_the_forecast_says_why():
    tape = seed()
    tape.foresee(3, doubt="what ExpBackward0 saved was packed by a hook")
    assert forecast(tape.snapshot()).endswith(
        "Whether it raises cannot be told for certain: what ExpBackward0 saved was packed by a hook."
    )

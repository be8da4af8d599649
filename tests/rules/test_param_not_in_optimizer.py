"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from rules.events import STEP_LINE, detect, hand_written_backward, leaf, site
from tapelens.events import Event, Leaf, Look, Outsider, StepEnded
from tapelens.rules.param_not_in_optimizer.runtime import ParamNotInOptimizer

MADE_LINE, LAYER_LINE = 5, 3
OUTSIDER = Outsider((5,), "net.new.weight", "later", 1, "SGD", site(MADE_LINE), site(LAYER_LINE), "net.new")


@dataclass
class Knows(Look):
    """Knows of one leaf."""

    outsider: Outsider | None = OUTSIDER
    asked: list[int] = field(default_factory=list)

    def outsiders(self, parameters):
        self.asked += parameters
        return () if self.outsider is None else (self.outsider,)

    def optimizer(self, optimizer):
        return "opt"


def program(steps: int, look: Look, *, values: float | None = 1.0, moves: float = 0.0, gains: bool = True):
    """Backwards into leaf 5, each followed by a step."""
    events: list[Event] = []
    for step in range(steps):
        value = () if values is None else (values + moves * step,)
        before = Leaf(None, value) if not step else replace_value(leaf((step, float(step)), 0.0), value)
        after = replace_value(leaf((step + 1, step + 1.0), 0.0), value) if gains else before
        began, ended = hand_written_backward(step + 1, before, after)
        events += [
            replace(began, look=look),
            ended,
            StepEnded(step=step + 1, optimizer=1, ordinal=step + 1, site=site(STEP_LINE), held={}),
        ]
    return events


def replace_value(seen: Leaf, value: tuple[float, ...]) -> Leaf:
    return seen._replace(value=value)


def test_a_leaf_with_gradients_in_three_steps_that_never_changed_is_flagged_where_the_optimizer_is_made():
    (finding,) = detect(ParamNotInOptimizer(), program(4, Knows()))
    assert (finding.rule, finding.severity, finding.site.line) == ("param-not-in-optimizer", "warning", MADE_LINE)
    assert [related.site.line for related in finding.related] == [LAYER_LINE, 10]


def test_it_is_asked_of_once():
    look = Knows()
    assert len(detect(ParamNotInOptimizer(), program(12, look))) == 1
    assert look.asked == [5]


def test_three_backwards_are_not_three_steps():
    assert detect(ParamNotInOptimizer(), program(3, Knows())) == []


@pytest.mark.parametrize("change", [{"moves": 0.1}, {"values": None}, {"gains": False}])
def test_one_that_moves_is_not_read_or_gains_nothing_is_not_asked_of(change):
    look = Knows()
    assert detect(ParamNotInOptimizer(), program(9, look, **change)) == []
    assert look.asked == []


def test_backwards_before_the_first_step_are_accumulation():
    events = [event for event in program(9, Knows()) if not isinstance(event, StepEnded)]
    assert detect(ParamNotInOptimizer(), events) == []


def test_where_nothing_says_that_it_should_be_held_there_is_silence():
    assert detect(ParamNotInOptimizer(), program(9, Knows(outsider=None))) == []


def test_without_the_optimizers_line_it_stands_at_the_backward():
    look = Knows(outsider=OUTSIDER._replace(optimizer_made=None, made=None))
    (finding,) = detect(ParamNotInOptimizer(), program(4, look))
    assert finding.site.line == 10
    assert [related.site.line for related in finding.related] == [10]


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("later", "`net.new` came after `opt` was made. Make the optimizer once the model is whole, or give them to "),
        ("replaced", "`net.new` was replaced after `opt` was made, which still holds what was there before."),
        ("unregistered", "`net.new` is a plain Python container, so that `parameters()` does not give"),
        (
            "copied",
            "`opt` holds parameters of the same shapes that no module has any more. Make `opt` after `net.new`.",
        ),
        ("apart", "nobody gave them `net.new`. Give its parameters to `opt`, or freeze them"),
    ],
)
def test_the_message_says_why_it_is_outside_and_what_to_do(how, says):
    look = Knows(outsider=OUTSIDER._replace(how=how, parameters=(5, 6, 7)))
    (finding,) = detect(ParamNotInOptimizer(), program(4, look))
    assert finding.message.startswith(
        "`net.new.weight` and 2 more got gradients in 3 steps and never changed, for no optimizer holds them: " + says
    )

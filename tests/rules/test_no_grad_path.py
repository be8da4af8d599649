"""The rule over events built by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from rules.backwards import began, ended
from rules.backwards import raised as call_raised
from rules.events import detect, site
from tapelens.events import (
    BackwardForeseen,
    BackwardRaised,
    Cut,
    Event,
    ForwardRan,
    Look,
    ModuleRan,
    OptimizerMade,
    StepBegan,
    Uncaught,
)
from tapelens.rules.no_grad_path.runtime import NoGradPath

TORCH_SAYS = "element 0 of tensors does not require grad and does not have a grad_fn"
CUT = Cut(site(5), "`.item()` makes a Python number of it")
NOTHING: frozenset[int] = frozenset()


@dataclass
class Seen(Look):
    """What the frames tell."""

    gained: bool | None = False
    found: Cut | None = None
    root: Cut | None = None
    off: Cut | None = None
    trained: bool = True
    held: frozenset[int] = frozenset({1})
    frozen: bool = False

    def any_gradient(self, optimizer: int) -> bool | None:
        return self.gained

    def is_frozen(self, optimizer: int) -> bool:
        return self.frozen

    def cut(self) -> Cut | None:
        return self.found

    def leaf_root(self) -> Cut | None:
        return self.root

    def grad_switched_off(self) -> Cut | None:
        return self.off

    def is_trained(self, module: int) -> bool:
        return self.trained

    def held_by(self, optimizer: int) -> frozenset[int]:
        return self.held

    def optimizer(self, optimizer: int) -> str:
        return "adam"

    def module(self, module: int) -> str:
        return "encoder"


@dataclass
class Program:
    """Backwards, steps and forwards, one after the other."""

    look: Seen = field(default_factory=Seen)
    events: list[Event] = field(default_factory=list)

    def backward(
        self, *, root_is_leaf: bool = False, given: bool = False, reaches: frozenset[int] = NOTHING
    ) -> Program:
        call = len(self.events) + 1
        begun = began(
            call, look=self.look, root_is_leaf=root_is_leaf, explicit_gradient=given, reaches=reaches, walked=False
        )
        self.events += [begun, ended(call, look=self.look)]
        return self

    def step(self, *, closure: bool = False) -> Program:
        serial = len(self.events) + 1
        self.events.append(
            StepBegan(
                step=serial,
                inside=None,
                optimizer=1,
                ordinal=serial,
                site=site(11),
                has_closure=closure,
                held={},
                look=self.look,
            )
        )
        return self

    def forward(self, *, with_grad: bool = False, training: bool = True, held_by: tuple[int, ...] = (1,)) -> Program:
        ran = ModuleRan(3, "Linear", training=training, with_grad=with_grad, depends_on_mode=False, held_by=held_by)
        self.events.append(
            ForwardRan(
                call=len(self.events) + 1,
                site=site(8),
                innermost=site(8),
                module=3,
                training=training,
                with_grad=with_grad,
                ran=(ran,),
                look=self.look,
            )
        )
        return self


def raised(cut: Cut | None = CUT, message: str = TORCH_SAYS) -> BackwardRaised:
    return call_raised(7, 12, message=message, cut=cut)


def uncaught(call: int | None = 7) -> Uncaught:
    return Uncaught(call=call, type_name="RuntimeError", message=TORCH_SAYS, site=site(12))


def test_an_error_that_nobody_catches_is_flagged_at_what_cut_the_path():
    (finding,) = detect(NoGradPath(), [raised(), uncaught()])
    assert (finding.rule, finding.severity, finding.site.line) == ("no-grad-path", "error", 5)
    assert finding.message == (
        "`.item()` makes a Python number of it, so no path leads from `loss` to a parameter and its backward at "
        "train.py:12 raises. Keep the loss a result of tensors that require grad, up to here."
    )
    assert [related.site.line for related in finding.related] == [12]


def test_where_nothing_is_known_to_cut_it_is_flagged_at_the_backward():
    (finding,) = detect(NoGradPath(), [raised(None), uncaught()])
    assert (finding.severity, finding.site.line, finding.related) == ("error", 12, ())
    assert finding.message.startswith("`loss` does not require grad and has no grad_fn")


@pytest.mark.parametrize("events", [[raised()], [uncaught()], [raised(), uncaught(8)], [raised(), uncaught(None)]])
def test_an_error_that_somebody_catches_is_theirs(events):
    assert detect(NoGradPath(), events) == []


def test_another_error_is_another_matter():
    assert (
        detect(NoGradPath(), [raised(message="Trying to backward through the graph a second time"), uncaught()]) == []
    )


def test_at_a_stop_it_is_foreseen_as_information():
    event = BackwardForeseen(
        site=site(12), expression="loss", reason="no_path", freed_by=None, message="It will raise."
    )
    (finding,) = detect(NoGradPath(), [event])
    assert (finding.severity, finding.foreseen, finding.message) == ("information", True, "It will raise.")


def test_what_is_foreseen_stands_where_the_path_is_cut():
    event = BackwardForeseen(
        site=site(12), expression="loss", reason="no_path", freed_by=None, message="It will raise.", cut=CUT
    )
    (finding,) = detect(NoGradPath(), [event])
    assert (finding.site.line, [related.site.line for related in finding.related]) == (5, [12])
    assert finding.message == "`.item()` makes a Python number of it: It will raise."


def test_a_root_made_from_a_loss_is_flagged_where_it_was_made():
    (finding,) = detect(NoGradPath(), Program(Seen(root=CUT)).backward(root_is_leaf=True).events)
    assert (finding.severity, finding.site.line) == ("warning", 5)
    assert "raises nothing and trains nothing" in finding.message


def test_a_leaf_that_was_made_from_nothing_or_brings_a_gradient_may_run_backward():
    assert detect(NoGradPath(), Program().backward(root_is_leaf=True).events) == []
    assert detect(NoGradPath(), Program(Seen(root=CUT)).backward(root_is_leaf=True, given=True).events) == []


def test_an_optimizer_that_gains_nothing_in_three_rounds_is_flagged_at_the_cut():
    program = Program(Seen(found=CUT))
    for _ in range(3):
        assert detect(NoGradPath(), program.events) == []
        program.backward().step()
    (finding,) = detect(NoGradPath(), program.events)
    assert (finding.severity, finding.site.line) == ("warning", 5)
    assert "none of the parameters that `adam` holds has ever gained a gradient" in finding.message
    assert [related.site.line for related in finding.related] == [10, 11]


def test_it_speaks_once_for_an_optimizer():
    program = Program(Seen(found=CUT))
    for _ in range(8):
        program.backward().step()
    assert len(detect(NoGradPath(), program.events)) == 1


def test_a_graph_that_led_to_its_own_parameters_in_vain_is_flagged_at_the_backward():
    program = Program()
    for _ in range(3):
        program.backward(reaches=frozenset({1})).step()
    (finding,) = detect(NoGradPath(), program.events)
    assert finding.site.line == 10


@pytest.mark.parametrize("reaches", [frozenset({2}), frozenset({1, 2}), frozenset()])
def test_a_loss_that_leads_elsewhere_is_another_matter(reaches):
    program = Program()
    for _ in range(4):
        program.backward(reaches=reaches).step()
    assert detect(NoGradPath(), program.events) == []


def test_one_gradient_is_enough():
    program = Program(Seen(found=CUT)).backward().step().backward().step()
    program.look = Seen(found=CUT, gained=True)
    program.backward().step()
    program.look = Seen(found=CUT)
    for _ in range(4):
        program.backward().step()
    assert detect(NoGradPath(), program.events) == []


def test_what_cannot_be_read_and_steps_without_a_backward_count_for_nothing():
    unread, idle, closures = Program(Seen(found=CUT, gained=None)), Program(Seen(found=CUT)), Program(Seen(found=CUT))
    for _ in range(4):
        unread.backward().step()
        idle.step()
        closures.backward().step(closure=True)
    for program in (unread, idle, closures):
        assert detect(NoGradPath(), program.events) == []


def test_where_all_that_is_held_is_frozen_nothing_is_trained():
    program = Program(Seen(gained=None, frozen=True))
    for _ in range(3):
        assert detect(NoGradPath(), program.events) == []
        program.backward(reaches=frozenset({2})).step()
    (finding,) = detect(NoGradPath(), program.events)
    assert finding.site.line == 10
    assert "None of the parameters that `adam` holds requires grad" in finding.message


def test_an_optimizer_is_waited_for_from_its_making():
    made = OptimizerMade(optimizer=1, kind="Adam", site=site(2), innermost=site(2), parameters=(1,))
    program = Program(Seen(found=CUT), [made])
    for _ in range(3):
        program.backward().step()
    assert len(detect(NoGradPath(), program.events)) == 1


def test_a_module_that_only_ever_runs_with_grad_mode_off_is_flagged_at_what_switched_it_off():
    program = Program(Seen(gained=True, off=Cut(site(7), "`with torch.no_grad():` switches grad mode off")))
    for _ in range(5):
        assert detect(NoGradPath(), program.events) == []
        program.forward().backward().step()
    (finding,) = detect(NoGradPath(), program.events)
    assert (finding.severity, finding.site.line) == ("warning", 7)
    assert "`encoder`" in finding.message


@pytest.mark.parametrize(
    "forward",
    [{"training": False}, {"held_by": ()}, {"with_grad": True}],
    ids=["in evaluation", "held by nobody", "with grad mode on"],
)
def test_evaluation_and_networks_that_nobody_holds_may_run_so(forward):
    program = Program(Seen(gained=True))
    for _ in range(7):
        program.forward(**forward).backward().step()
    assert detect(NoGradPath(), program.events) == []


def test_frozen_modules_rollouts_and_training_without_a_backward_may_run_so():
    frozen, rollouts, evolved = Program(Seen(gained=True, trained=False)), Program(Seen(gained=True)), Program()
    for _ in range(7):
        frozen.forward().backward().step()
        rollouts.forward().forward(with_grad=True).backward().step()
        evolved.forward().step()
    for program in (frozen, rollouts, evolved):
        assert detect(NoGradPath(), program.events) == []

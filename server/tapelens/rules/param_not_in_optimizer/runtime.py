"""Runtime twin: leaves that get gradients and never change, and that an optimizer should hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ...events import BackwardBegan, BackwardEnded, Event, Evidence, Leaf, Leaves, Outsider, Sample, StepEnded
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE

_STEPS = 3
_REMEMBERED = 4096


@dataclass(slots=True)
class _Seen:
    """A leaf outside all optimizers.

    Attributes:
        value: A few of its values, the first time.
        moved: They changed.
        steps: Of the process, in which it got a gradient.
        last: The latest of those.
        asked: It was looked up already.
    """

    value: Sample
    moved: bool = False
    steps: int = 0
    last: int = -1
    asked: bool = False


class ParamNotInOptimizer:
    """Follows leaves by what backwards read of them."""

    wants: ClassVar[tuple[type, ...]] = (BackwardBegan, BackwardEnded, StepEnded)

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._before: dict[int, Evidence | None] = {}
        self._steps = 0

    def see(self, event: Event) -> Iterator[Finding]:
        """Take one event; speak as the backward after the third such step begins."""
        match event:
            case BackwardBegan():
                self._before = {leaf: now.gradient for leaf, now in event.leaves.items()}
                yield from self._judge(event)
            case BackwardEnded():
                self._gained(event.leaves)
            case StepEnded():
                self._steps += 1
            case _:
                return

    def _gained(self, leaves: Leaves) -> None:
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        for identity, leaf in leaves.items():
            seen = self._known(identity, leaf)
            before = self._before.get(identity)
            has_gained = leaf.gradient is not None and not leaf.gradient.proves(before)
            if has_gained and seen.last != self._steps:
                seen.steps += 1
                seen.last = self._steps
        self._before = {}

    def _known(self, identity: int, leaf: Leaf) -> _Seen:
        seen = self._seen.setdefault(identity, _Seen(leaf.value))
        seen.moved = seen.moved or not leaf.value or leaf.value != seen.value
        return seen

    def _judge(self, event: BackwardBegan) -> Iterator[Finding]:
        candidates: list[int] = []
        for identity, leaf in event.leaves.items():
            seen = self._known(identity, leaf)
            if not seen.moved and not seen.asked and seen.steps >= _STEPS and seen.last < self._steps:
                seen.asked = True
                candidates.append(identity)
        if candidates:
            for outsider in event.look.outsiders(candidates):
                yield _say(event, outsider)


def _say(event: BackwardBegan, outsider: Outsider) -> Finding:
    count = len(outsider.parameters)
    name = f"`{outsider.name}`" if count == 1 else f"`{outsider.name}` and {count - 1} more"
    optimizer = event.look.optimizer(outsider.optimizer)
    why, advice = _REASONS[outsider.how]
    made = () if outsider.made is None else (Related(site=outsider.made, message=_made(outsider)),)
    at: Site = outsider.optimizer_made or event.site
    return finding(
        RULE,
        at=at,
        message=(
            f"{name} got gradients in {_STEPS} steps and never changed, for no optimizer holds "
            f"{'it' if count == 1 else 'them'}: {why.format(place=outsider.place, optimizer=optimizer)} "
            f"{advice.format(place=outsider.place, optimizer=optimizer)}"
        ),
        related=(*made, Related(site=event.site, message="This backward computes gradients that no step uses.")),
        facts=(Fact(name="parameters", value=str(count)),),
    )


def _made(outsider: Outsider) -> str:
    if outsider.how == "replaced":
        return f"`{outsider.place}` was replaced here, after the optimizer was made."
    if outsider.how == "later":
        return f"`{outsider.place}` was made here, after the optimizer."
    return f"`{outsider.name}` was made here."


_REASONS = {
    "later": (
        "`{place}` came after `{optimizer}` was made.",
        "Make the optimizer once the model is whole, or give them to it by `{optimizer}.add_param_group`.",
    ),
    "replaced": (
        "`{place}` was replaced after `{optimizer}` was made, which still holds what was there before.",
        "Make the optimizer after the replacement.",
    ),
    "unregistered": (
        "`{place}` is a plain Python container, so that `parameters()` does not give what lies in it.",
        "Use `nn.ModuleList`, `nn.ModuleDict`, `nn.ParameterList` or `nn.ParameterDict` for it.",
    ),
    "copied": (
        "`{optimizer}` holds parameters of the same shapes that no module has any more.",
        "Make `{optimizer}` after `{place}`.",
    ),
    "apart": (
        "nobody gave them `{place}`.",
        "Give its parameters to `{optimizer}`, or freeze them with `requires_grad_(False)`.",
    ),
}
"""What is so, and what to do, by how they are outside."""

"""Source twin: modules that come after the optimizer, or lie in a plain list, or that no optimizer ever got."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Cleared, Forward, Loaded, Made, ModeSet, Placed, Step, Unknown, Updated
from ...source.flow.entries import Trace
from ...source.flow.reach import each_once, everything, holds_unknown, overlap
from ...source.flow.values import Instance, Items, Module, Optimizer, Params, Place, Tensor, Value
from ...source.questions import name_of, of_kind, used_by
from ...wire.findings import Finding
from . import RULE


def param_not_in_optimizer(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    said: set[int] = set()
    for trace in file.traces:
        for made, part, message, sentence in (*_placed(trace.acts), *_unregistered(trace.acts), *_forgotten(trace)):
            place = made.when.place
            if id(place.node) not in said:
                said.add(id(place.node))
                yield finding(
                    RULE,
                    file=place.file,
                    at=place.node,
                    message=message,
                    related=(related(part.file, part.node, sentence),),
                )


_Said = Iterator[tuple[Made, Place, str, str]]


def _has_parameters(value: Value | None) -> bool:
    if isinstance(value, Module):
        if value.guessed or value.frozen is not False:
            return False
        return value.has_parameters is True and (
            not value.name.endswith(("Sequential", "ModuleList", "ModuleDict"))
            or any(_has_parameters(part) for part in value.parts)
        )
    return (
        isinstance(value, Instance)
        and value.is_module
        and value.frozen is False
        and any(
            _has_parameters(each) or (isinstance(each, Tensor) and each.leaf and each.grad)
            for each in value.attributes.values()
        )
    )


def _steps(acts: Sequence[Act], optimizer: Optimizer) -> list[Step]:
    return [step for _, step in of_kind(acts, Step) if step.optimizer is optimizer]


def _placed(acts: Sequence[Act]) -> _Said:
    """A part that came into the model after the optimizer."""
    for position, made in of_kind(acts, Made):
        optimizer = made.optimizer
        for later, placed in of_kind(acts, Placed):
            if later < position or not _has_parameters(placed.part) or placed.when.tried:
                continue
            if not _is_held(placed.owner, optimizer) or not placed.when.is_with(made.when):
                continue
            if getattr(placed.part, "at", 0) < optimizer.at:
                continue
            if placed.when.loop_from(made.when) is not None or not _is_first_made(acts, made, placed):
                continue
            if not any(step.when.at > placed.when.at for step in _steps(acts, optimizer)):
                continue
            name = name_of(optimizer, "optimizer")
            yield (
                made,
                placed.when.place,
                (
                    f"`{name}` is made before `{name_of(placed.owner, 'model')}` gets new parameters: they are not "
                    f"among those that it steps. Make the optimizer afterwards, or give them to "
                    f"`{name}.add_param_group()`."
                ),
                "These parameters come later.",
            )


def _is_held(owner: Value, optimizer: Optimizer) -> bool:
    return any(each is owner for each in _registered(optimizer.held))


def _is_first_made(acts: Sequence[Act], made: Made, placed: Placed) -> bool:
    """No other optimizer gets the part, and this one is not told of it."""
    others = [act.optimizer for _, act in of_kind(acts, Made) if act is not made]
    if any(overlap(other.held, (placed.part,)) is not False for other in others if other.at > placed.when.at):
        return False
    if len(made.optimizer.held) > 1:
        return False
    return not any(
        act.when.at > made.when.at and overlap(act.of, (made.optimizer,)) is not False
        for _, act in of_kind(acts, Unknown)
    )


def _registered(values: Iterable[Value]) -> Iterator[Value]:
    """What ``parameters()`` of these would come by: no plain lists inside of modules."""
    return each_once(values, _registered_in)


def _registered_in(value: Value) -> Iterator[Value]:
    match value:
        case Params(of=of):
            yield from of
        case Items(items=items):
            yield from items
        case Module() | Instance(is_module=True):
            yield from value.parts
            yield from (each for each in value.attributes.values() if not isinstance(each, Items))
        case Optimizer():
            yield from value.held
        case _:
            return


def _unregistered(acts: Sequence[Act]) -> _Said:
    """A part in a plain list or dict of a module."""
    optimizers = [made.optimizer for _, made in of_kind(acts, Made)]
    if any(holds_unknown(optimizer.held) for optimizer in optimizers):
        return
    held = {id(each) for each in _registered(optimizers)}
    run = {id(act.module) for _, act in of_kind(acts, Forward) if act.grad_mode}
    roots = [root for _, backward in of_kind(acts, Backward) for root in backward.nodes or ()]
    used = {id(each) for each in used_by(roots)}
    for _, made in of_kind(acts, Made):
        if not _steps(acts, made.optimizer):
            continue
        for owner in list(_registered(made.optimizer.held)):
            if not isinstance(owner, Instance):
                continue
            for name, items in owner.attributes.items():
                if not isinstance(items, Items):
                    continue
                for part in items.items:
                    lost = _has_parameters(part) and id(part) in run
                    lost = lost or (isinstance(part, Tensor) and bool(part.leaf and part.grad) and id(part) in used)
                    if lost and id(part) not in held:
                        place = items.place or made.when.place
                        yield (
                            made,
                            place,
                            (
                                f"`{name}` of `{owner.cls.node.name}` is a plain {items.kind}: `parameters()` does not "
                                f"give what lies in it, and `{name_of(made.optimizer, 'optimizer')}` never steps it. "
                                f"{_instead(part, items)}"
                            ),
                            "The parameters lie here, unregistered.",
                        )


def _instead(part: Value, items: Items) -> str:
    kind = "Dict" if items.kind == "dict" else "List"
    return f"Make it an `nn.{'Parameter' if isinstance(part, Tensor) else 'Module'}{kind}`."


def _forgotten(trace: Trace) -> _Said:
    """A module of its own that trains with the others, and that no optimizer has."""
    acts = trace.acts
    mades = [made for _, made in of_kind(acts, Made)]
    if not trace.is_script and not mades:
        return
    optimizers = [made.optimizer for made in mades]
    stepped = [step.optimizer for _, step in of_kind(acts, Step)]
    if any(holds_unknown(each.held) for each in optimizers) or any(each.guessed for each in stepped):
        return
    held = {id(each) for each in everything(optimizers)}
    spared = [
        value
        for act in acts
        for value in (
            act.of
            if isinstance(act, (Loaded, Unknown, Cleared))
            else (act.module,)
            if isinstance(act, ModeSet)
            else (act.of,)
            if isinstance(act, Updated)
            else ()
        )
    ]
    for _, backward in of_kind(acts, Backward):
        if backward.kind != "backward" or not backward.when.loops:
            continue
        used = used_by(backward.nodes or ())
        made = next(
            (
                made
                for made in mades
                if made.optimizer in stepped and overlap(used, (made.optimizer,)) is True and not made.when.loops
            ),
            None,
        )
        if made is None:
            sole = [made for made in mades if made.optimizer in stepped]
            made = sole[0] if len(sole) == len(mades) == 1 and not sole[0].when.loops else None
        if made is None:
            continue
        parts = _inside(trace)
        for module in used:
            if not isinstance(module, Module) or not _has_parameters(module) or id(module) in held or module.listed:
                continue
            if (
                module.loops
                or not module.variable
                or id(module) in parts
                or any(each is module for each in everything(spared))
            ):
                continue
            name = name_of(made.optimizer, "optimizer")
            yield (
                made,
                module.place,
                (
                    f"`{module.variable}` gets gradients from every backward, and no optimizer holds its parameters: "
                    f"`{name}` was made without them. Give them to `{name}`, or freeze `{module.variable}`."
                ),
                f"`{module.variable}` is made here.",
            )


def _inside(trace: Trace) -> set[int]:
    """Modules that are part of another one."""
    owners = [act.owner for _, act in of_kind(trace.acts, Placed)]
    owners += [act.module for _, act in of_kind(trace.acts, Forward)]
    return {id(part) for owner in owners for each in everything((owner,)) for part in _parts(each) if part is not owner}


def _parts(value: Value) -> Iterator[Value]:
    if isinstance(value, (Module, Instance)):
        yield from value.parts
        yield from value.attributes.values()
    elif isinstance(value, Items):
        yield from value.items

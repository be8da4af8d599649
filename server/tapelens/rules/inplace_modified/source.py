"""Source twin: a change in place between an operation that saved the tensor and the backward through it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...source.file import SourceFile
from ...source.finding import finding, related
from ...source.flow.acts import Act, Backward, Changed, Refused, Step
from ...source.flow.reach import overlap
from ...source.flow.values import Module, Node, Optimizer, Place, Value
from ...source.questions import name_of, of_kind, walk, where
from ...wire.findings import Finding
from ..double_backward.source import raised
from . import RULE


def inplace_modified(file: SourceFile) -> Iterator[Finding]:
    """Look through a file."""
    if "allow_mutation_on_saved_tensors" in file.text:
        return
    said: set[int] = set()
    for trace in file.traces:
        for _, refused in of_kind(trace.acts, Refused):
            place = refused.when.place
            if refused.when.tried or id(place.node) in said:
                continue
            said.add(id(place.node))
            name = name_of(refused.of, "the leaf")
            yield finding(
                RULE,
                file=place.file,
                at=place.node,
                message=(
                    f"`{name}` is a leaf that requires a gradient, and `{refused.how}` writes into it while grad "
                    f"mode is on: PyTorch refuses. Write under `torch.no_grad()`."
                ),
            )
        dead = {id(second) for _, second, _ in raised(trace.acts)}
        for _, backward in of_kind(trace.acts, Backward):
            if backward.when.tried or not backward.nodes:
                continue
            for place, message, node in _changed(trace.acts, backward):
                if id(place.node) in said:
                    continue
                said.add(id(place.node))
                yield finding(
                    RULE,
                    file=place.file,
                    at=place.node,
                    message=message,
                    related=(
                        related(node.place.file, node.place.node, "This operation saved it."),
                        related(backward.when.place.file, backward.when.place.node, "This backward needs it."),
                    ),
                )
            if id(backward) in dead:
                break


def _changed(acts: Sequence[Act], backward: Backward) -> Iterator[tuple[Place, str, Node]]:
    nodes = [node for node in walk(backward.nodes, surely=True).values() if node.sure and node.at < backward.when.at]
    for node in nodes:
        for storage in node.keeps:
            for write in storage.writes:
                if node.at < write.at < backward.when.at and set(write.guards) <= set(backward.when.guards):
                    yield (
                        write.place,
                        (
                            f"`{write.how}` changes in place what the operation at {where(node.place)} saved for "
                            f"backward: the backward at {where(backward.when.place)} raises. Compute a new tensor "
                            "instead."
                        ),
                        node,
                    )
    for _, change in of_kind(acts, Changed):
        if change.when.at < backward.when.at and backward.when.follows(change.when):
            node = _overwritten(nodes, change.when.at, (change.of,))
            if node is not None:
                yield (
                    change.when.place,
                    (
                        f"`{change.how}` changes parameters in place between the forward pass at "
                        f"{where(node.place)}, which saved them, and the backward at {where(backward.when.place)}: "
                        f"that one raises. Change them after the backward."
                    ),
                    node,
                )
    for _, step in of_kind(acts, Step):
        if step.when.at > backward.when.at or step.when.step is not None or not backward.when.follows(step.when):
            continue
        if is_fused(step.optimizer):
            continue
        node = _overwritten(nodes, step.when.at, (step.optimizer,))
        if node is not None:
            model = name_of(node.module, "the model") if isinstance(node.module, Module) else "the model"
            name = name_of(step.optimizer, "optimizer")
            yield (
                step.when.place,
                (
                    f"`{name}.step()` changes parameters of {model} in place between the forward pass at "
                    f"{where(node.place)}, which saved them, and the backward at {where(backward.when.place)}: that "
                    f"one raises. Step after the backward, or compute the loss anew."
                ),
                node,
            )


def _overwritten(nodes: Sequence[Node], at: int, held: Sequence[Value]) -> Node | None:
    """A node made before that moment that saved parameters of these."""
    for node in nodes:
        if node.keeps_parameters and node.at < at and node.module is not None and overlap((node.module,), held):
            return node
    return None


def is_fused(optimizer: Optimizer) -> bool:
    """Its step leaves version counters alone: nothing raises, and another rule speaks."""
    call = optimizer.place.node
    return not isinstance(call, ast.Call) or any(
        each.arg in {"fused", None} and not (isinstance(each.value, ast.Constant) and not each.value.value)
        for each in call.keywords
    )

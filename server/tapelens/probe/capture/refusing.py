"""What torch refuses before the first node of a backward runs, and what it finds missing at its end."""

from __future__ import annotations

import sys
from math import prod

from ...wire.snapshot import WillRaise
from .foresight import Foresight, Leaves, Root, outputs_of
from .graph import Graph
from .operands import Operand
from .raising import will_raise
from .reading import Reading
from .roots import BackwardCall, Given
from .views import may_be_rebuilt

Readings = dict[int, Reading]

_VIEW_WRITTEN = (
    "is a view that PyTorch may not follow through in-place writes (of unbind, split or chunk, of a custom "
    "Function, or made under no_grad), and the memory that it looks at was changed in place"
)


def refusal(root: Root, readings: Readings, foresight: Foresight) -> WillRaise | None:
    """In the order in which torch looks: the gradients given, the roots, the inputs asked for."""
    call = root.call
    if call is None:
        return None
    if call.indirect:
        foresight.wonder("that backward is not PyTorch's own")
        return None
    if call.unusual:
        foresight.sure = False
        foresight.wonder("an argument of the call makes it another computation")
        return None
    return (
        (will_raise("input", f"{root.named} will raise: inputs is empty.") if call.inputs == () else None)
        or _of_gradients(root, call, readings, foresight)
        or _of_roots(root, call, readings, foresight)
        or _of_inputs(root, call, readings)
    )


def unused(root: Root, readings: Readings, foresight: Foresight, graph: Graph, leaves: Leaves) -> WillRaise | None:
    """``autograd.grad`` wants a gradient for each input, unless it is told not to."""
    call = root.call
    if call is None or call.accumulates or call.allows_unused or call.inputs is None:
        return None
    for tensor in call.inputs:
        reading = readings.get(id(tensor))
        if reading is None or any(reading is each for each in root.readings):
            continue
        if not any(output in foresight.reached for output in outputs_of([reading], graph, leaves)):
            why = "one of the inputs was not used to compute it, and allow_unused=True is not given"
            return will_raise("unused", f"{root.named} will raise: {why}.")
    return None


def borrows(reading: Reading, readings: Readings) -> bool:
    """Whether it may require grad only because its base does: then it has no graph, and no ``.grad`` to fill."""
    base = None if reading.base is None else readings.get(id(reading.base))
    return reading.is_leaf == 1 and base is not None and bool(reading.requires_grad and base.requires_grad)


def _of_gradients(root: Root, call: BackwardCall, readings: Readings, foresight: Foresight) -> WillRaise | None:
    if call.gradients is None:
        foresight.wonder("the gradients given cannot be told")
        return None
    for output, given in zip(call.outputs, call.gradients, strict=True):
        found = _of_gradient(root, output, given, readings, foresight)
        if found is not None:
            return found
    return None


def _of_gradient(
    root: Root, output: Operand, given: Given, readings: Readings, foresight: Foresight
) -> WillRaise | None:
    complex_root = any("complex" in (readings[id(tensor)].dtype or "") for tensor in output.tensors)
    if given.none and not _requires_grad(output, readings):
        return None
    if output.shape is None or (not given.none and given.shape is None):
        foresight.wonder("the shape of the root or of its gradient cannot be told")
        return None
    if given.none:
        return _implied(root, output.shape, complex_root=complex_root)
    if given.shape != output.shape:
        why = f"has shape {list(output.shape)}, and the gradient given has {list(given.shape or ())}"
        return will_raise("gradient", f"{root.named} will raise: {_name(root)} {why}.")
    if given.is_complex is not None and given.is_complex != complex_root:
        why = "one of the root and the gradient given is complex and the other is not"
        return will_raise("gradient", f"{root.named} will raise: {why}.")
    return None


def _implied(root: Root, shape: tuple[int, ...], *, complex_root: bool) -> WillRaise | None:
    why = None
    if prod(shape) != 1:
        why = f"has shape {list(shape)}, and grad can be implicitly created only for scalar outputs"
    elif complex_root:
        why = "is complex, and grad can be implicitly created only for real scalar outputs"
    return None if why is None else will_raise("not_scalar", f"{root.named} will raise: {_name(root)} {why}.")


def _of_roots(root: Root, call: BackwardCall, readings: Readings, foresight: Foresight) -> WillRaise | None:
    for output in call.outputs:
        if any(borrows(each, readings) for each in _readings(output, readings)):
            foresight.wonder("a root is a view made under no_grad, which requires grad only as its base does")
        written = next((each for each in _readings(output, readings) if _is_beyond_repair(each)), None)
        if written is not None:
            return will_raise("changed", f"{root.named} will raise: {_name(root)} {_VIEW_WRITTEN}.")
        if not _requires_grad(output, readings):
            why = "does not require grad and has no grad_fn, so no path leads from it to a leaf"
            return will_raise("no_path", f"{root.named} will raise: {_name(root)} {why}.")
    return None


def _of_inputs(root: Root, call: BackwardCall, readings: Readings) -> WillRaise | None:
    for tensor in call.inputs or ():
        reading = readings.get(id(tensor))
        if reading is not None and _is_beyond_repair(reading):
            return will_raise("changed", f"{root.named} will raise: one of inputs {_VIEW_WRITTEN}.")
        if reading is not None and not reading.requires_grad:
            return will_raise("input", f"{root.named} will raise: one of inputs does not require grad.")
    return None


def _requires_grad(output: Operand, readings: Readings) -> bool:
    """What is computed in the line requires grad only where grad mode is on."""
    torch = sys.modules["torch"]
    wanting = any(reading.requires_grad for reading in _readings(output, readings))
    return wanting and (output.same or (torch.is_grad_enabled() and not torch.is_inference_mode_enabled()))


def _readings(output: Operand, readings: Readings) -> list[Reading]:
    return [readings[id(tensor)] for tensor in output.tensors if id(tensor) in readings]


def _is_beyond_repair(reading: Reading) -> bool:
    return reading.stale and not may_be_rebuilt(reading.tensor)


def _name(root: Root) -> str:
    return root.expression or "the root"

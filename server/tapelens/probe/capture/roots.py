"""Which tensor the statement at the stop would run backward from."""

from __future__ import annotations

import ast
import linecache
import opcode
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .operands import Operand, Shape, is_none, is_tensor, operands, shape_made, value_at

if TYPE_CHECKING:
    import torch

_NEARBY = 25  # lines around the stop that are looked at before a whole file is parsed
_LONGEST = 20_000
_TOO_MANY_MATTER = ("is_grads_batched",)
"""Arguments of ``autograd.grad`` that make it another computation."""


@dataclass(frozen=True, slots=True)
class Given:
    """The gradient that a call brings for a root of its own.

    Attributes:
        none: There is none: a gradient of 1 is implied.
        shape: None when it cannot be told.
        is_complex: None when it cannot be told.
        tensor: Itself, where it is there already.
    """

    none: bool
    shape: Shape | None = None
    is_complex: bool | None = None
    tensor: torch.Tensor | None = None


@dataclass(frozen=True, slots=True)
class BackwardCall:
    """A call into the engine that the statement at the stop makes.

    Attributes:
        outputs: What it starts from.
        expression: That as written.
        gradients: One for each output; None when they cannot be told.
        accumulates: ``backward``, which adds to ``.grad``; ``autograd.grad`` does not.
        retains: The buffers stay.
        inputs: Tensors to which gradients are asked for; None for all leaves.
        inputs_known: ``inputs`` could be told without running anything.
        allows_unused: Inputs that the outputs were not computed from are no error.
        indirect: Somebody else's ``backward``, which is taken to hand the tensors to torch's.
        unusual: An argument that changes what is computed.
    """

    outputs: tuple[Operand, ...]
    expression: str
    gradients: tuple[Given, ...] | None
    accumulates: bool
    retains: bool
    inputs: tuple[torch.Tensor, ...] | None
    inputs_known: bool
    allows_unused: bool
    indirect: bool
    unusual: bool

    @property
    def roots(self) -> tuple[torch.Tensor, ...]:
        """The tensors that the frame holds and that the graph below hangs on."""
        return tuple(tensor for output in self.outputs for tensor in output.tensors)


def backward_call(frame: types.FrameType) -> BackwardCall | None:
    """The call that the line about to run makes; None when it makes none that can be told."""
    if _is_in_call(frame):
        return None
    for statement in _statements_at(frame):
        for call in _calls(statement, frame.f_lineno):
            found = _read_call(frame, call)
            if found is not None:
                return found
    return None


def _is_in_call(frame: types.FrameType) -> bool:
    """Whether the line is in the middle of a call: so in a caller's frame, and where a call raised."""
    code, at = frame.f_code, frame.f_lasti
    if at < 0 or any(start == at for start, _, _ in code.co_lines()):
        return False
    return opcode.opname[code.co_code[at]].startswith(("CALL", "PRECALL", "CACHE"))


def _statements_at(frame: types.FrameType) -> list[ast.stmt]:
    """The statements of the frame's own code that its line belongs to; several where ``;`` parts them."""
    line = frame.f_lineno
    lines = linecache.getlines(frame.f_code.co_filename)
    near = lines[max(0, line - _NEARBY) : line + _NEARBY]
    if len(lines) > _LONGEST or not any("backward" in text or "grad" in text for text in near):
        return []
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # edited since, or no Python
        return []
    name = frame.f_code.co_name
    own = None if name.startswith(("<module", "<cell")) else name  # ipykernel calls a cell's code <cell line: 1>
    return [statement for function, statement in _innermost(tree.body, line, None) if function == own]


def _innermost(body: list[ast.stmt], line: int, function: str | None) -> Iterator[tuple[str | None, ast.stmt]]:
    """The smallest statements that cover the line, with the function that they stand in."""
    for statement in body:
        if not statement.lineno <= line <= (statement.end_lineno or statement.lineno):
            continue
        inside = function
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inside = statement.name
        smaller = [found for block in _blocks(statement) for found in _innermost(block, line, inside)]
        if statement.lineno == line or not smaller:  # a header on the line runs too
            yield function, statement
        yield from smaller


def _blocks(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for _, value in ast.iter_fields(statement):
        parts: list[Any] = value if isinstance(value, list) else []
        yield [part for part in parts if isinstance(part, ast.stmt)]
        for part in parts:
            if isinstance(part, (ast.ExceptHandler, ast.match_case)):
                yield part.body


def _calls(statement: ast.stmt, line: int) -> Iterator[ast.Call]:
    """Calls that the statement makes itself, in the order of the text; not those of blocks and functions inside."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return
    parts: list[ast.AST] = [statement]
    if any(_blocks(statement)):  # of a block only the header runs now
        held = (ast.stmt, ast.ExceptHandler, ast.match_case)
        parts = [part for part in ast.iter_child_nodes(statement) if not isinstance(part, held)]
        if not any(_covers(part, line) for part in parts):
            return
    while parts:
        part = parts.pop(0)
        if isinstance(part, ast.Lambda):
            continue
        if isinstance(part, ast.Call):
            yield part
        parts[:0] = list(ast.iter_child_nodes(part))


def _covers(part: ast.AST, line: int) -> bool:
    first = getattr(part, "lineno", line + 1)
    return first <= line <= getattr(part, "end_lineno", first)


_OF_TENSOR = ("gradient", "retain_graph", "create_graph", "inputs")
_OF_MODULE = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
_OF_GRAD = (
    *("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph", "only_inputs"),
    *("allow_unused", "is_grads_batched", "materialize_grads"),
)


def _read_call(frame: types.FrameType, call: ast.Call) -> BackwardCall | None:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "backward":
        root = operands(frame, function.value)
        if root is not None and len(root) == 1:  # loss.backward(gradient, retain_graph, create_graph, inputs)
            return _finish(frame, call, function.value, root, _OF_TENSOR)
        first = _argument(call, "tensors")
        roots = None if first is None else operands(frame, first)
        if first is None or roots is None:
            return None
        indirect = not _is_torchs(frame, function, "backward")  # fabric.backward, accelerator.backward
        return _finish(frame, call, first, roots, _OF_MODULE, indirect=indirect)
    accumulates = _is_torchs(frame, function, "backward")
    if not accumulates and not _is_torchs(frame, function, "grad"):
        return None
    first = _argument(call, "tensors" if accumulates else "outputs")
    roots = None if first is None else operands(frame, first)
    if first is None or roots is None:
        return None
    return _finish(frame, call, first, roots, _OF_MODULE if accumulates else _OF_GRAD, accumulates=accumulates)


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    if call.args:
        return call.args[0]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is_torchs(frame: types.FrameType, function: ast.expr, name: str) -> bool:
    """``torch.autograd.grad``, ``autograd.grad``, or a name that means it."""
    there = value_at(frame, function)
    return there is not None and there is getattr(sys.modules["torch"].autograd, name)


def _finish(
    frame: types.FrameType,
    call: ast.Call,
    root: ast.expr,
    outputs: tuple[Operand, ...],
    places: tuple[str, ...],
    *,
    accumulates: bool = True,
    indirect: bool = False,
) -> BackwardCall:
    given = dict(zip(places, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    creates = _truth(frame, given.get("create_graph"), otherwise=False)
    materialises = _truth(frame, given.get("materialize_grads"), otherwise=False)
    inputs = given.get("inputs")
    named = None if inputs is None or is_none(inputs) else operands(frame, inputs)
    if isinstance(inputs, (ast.List, ast.Tuple)) and not inputs.elts:  # which torch refuses
        named = ()
    known = named is not None and all(operand.same for operand in named)
    return BackwardCall(
        outputs=outputs,
        expression=ast.unparse(root)[:200],
        gradients=_gradients(frame, given, len(outputs)),
        accumulates=accumulates,
        retains=_truth(frame, given.get("retain_graph"), otherwise=creates),
        inputs=tuple(tensor for operand in named or () for tensor in operand.tensors) if known else None,
        inputs_known=known or inputs is None or is_none(inputs),
        allows_unused=_truth(frame, given.get("allow_unused"), otherwise=materialises),
        indirect=indirect,
        unusual=any(_truth(frame, given.get(name), otherwise=False) for name in _TOO_MANY_MATTER)
        or any(isinstance(argument, ast.Starred) for argument in call.args)
        or any(keyword.arg is None for keyword in call.keywords),
    )


def _gradients(frame: types.FrameType, given: dict[str, ast.expr], count: int) -> tuple[Given, ...] | None:
    names = ("gradient", "grad_tensors", "grad_outputs")
    expression = next((given[name] for name in names if name in given), None)
    if expression is None or is_none(expression):
        return (Given(none=True),) * count
    if isinstance(expression, (ast.List, ast.Tuple)):
        parts = expression.elts
        return tuple(_given(frame, part) for part in parts) if len(parts) == count else None
    held = value_at(frame, expression)
    if type(held) in (list, tuple):
        found = operands(frame, expression)
        if found is None or len(found) != count:
            return None
        return tuple(Given(none=False, shape=each.shape, tensor=each.tensors[0]) for each in found)
    return (_given(frame, expression),) if count == 1 else None


def _given(frame: types.FrameType, expression: ast.expr) -> Given:
    if is_none(expression):
        return Given(none=True)
    shape, is_complex = shape_made(frame, expression)
    held = value_at(frame, expression)
    return Given(none=False, shape=shape, is_complex=is_complex, tensor=held if is_tensor(held) else None)


def _truth(frame: types.FrameType, expression: ast.expr | None, *, otherwise: bool) -> bool:
    if expression is None or is_none(expression):
        return otherwise
    value = expression.value if isinstance(expression, ast.Constant) else value_at(frame, expression)
    return value if type(value) is bool else otherwise

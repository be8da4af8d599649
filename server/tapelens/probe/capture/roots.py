"""Which tensor the statement at the stop would run backward from."""

from __future__ import annotations

import ast
import linecache
import opcode
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .inside import element, look_up, member

if TYPE_CHECKING:
    import torch

_NEARBY = 25  # lines around the stop that are looked at before a whole file is parsed
_LONGEST = 20_000
_REDUCERS = frozenset(("sum", "mean", "squeeze"))
Like = Literal["same", "elementwise", "reduced"]
_LIKENESS: tuple[Like, ...] = ("same", "elementwise", "reduced")
_Found = tuple[tuple["torch.Tensor", ...], Like]


@dataclass(frozen=True, slots=True)
class BackwardCall:
    """A call into the engine that the statement at the stop makes.

    Attributes:
        roots: The tensors, as the frame holds them now.
        expression: The root as written.
        like: The root is those very tensors (``same``), computed from them element by element, or
            reduced to less in the same statement.
        accumulates: ``backward``, which adds to ``.grad``; ``autograd.grad`` does not.
        explicit_gradient: The call brings the root's gradient.
        retains: The buffers stay.
        inputs: Tensors to which gradients are asked for; None for all leaves.
        inputs_known: ``inputs`` could be told without running anything.
    """

    roots: tuple[torch.Tensor, ...]
    expression: str
    like: Like
    accumulates: bool
    explicit_gradient: bool
    retains: bool
    inputs: tuple[torch.Tensor, ...] | None
    inputs_known: bool


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


def _read_call(frame: types.FrameType, call: ast.Call) -> BackwardCall | None:
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "backward":
        root = _tensors(frame, function.value)
        if root is not None:  # loss.backward(gradient, retain_graph, create_graph, inputs)
            return _finish(frame, call, function.value, root, ("gradient", "retain_graph", "create_graph", "inputs"))
        if (
            call.args and (roots := _tensors(frame, call.args[0])) is not None
        ):  # torch.autograd.backward, fabric.backward
            places = ("tensors", "grad_tensors", "retain_graph", "create_graph", "grad_variables", "inputs")
            return _finish(frame, call, call.args[0], roots, places)
        return None
    if not call.args or not _is_autograd_grad(frame, function):
        return None
    roots = _tensors(frame, call.args[0])
    places = ("outputs", "inputs", "grad_outputs", "retain_graph", "create_graph")
    return None if roots is None else _finish(frame, call, call.args[0], roots, places, accumulates=False)


def _is_autograd_grad(frame: types.FrameType, function: ast.expr) -> bool:
    """``torch.autograd.grad``, ``autograd.grad``, or a name that means it."""
    there = _value(frame, function)
    autograd = sys.modules["torch"].autograd
    return there is not None and there is autograd.grad


def _finish(
    frame: types.FrameType,
    call: ast.Call,
    root: ast.expr,
    found: _Found,
    places: tuple[str, ...],
    *,
    accumulates: bool = True,
) -> BackwardCall:
    given = dict(zip(places, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg is not None}
    gradient = next((given[name] for name in ("gradient", "grad_tensors", "grad_outputs") if name in given), None)
    creates = _truth(frame, given.get("create_graph"), otherwise=False)
    inputs = given.get("inputs")
    named = None if inputs is None or _is_none(inputs) else _tensors(frame, inputs)
    tensors, like = found
    return BackwardCall(
        roots=tensors,
        expression=ast.unparse(root)[:200],
        like=like,
        accumulates=accumulates,
        explicit_gradient=gradient is not None and not _is_none(gradient),
        retains=_truth(frame, given.get("retain_graph"), otherwise=creates),
        inputs=None if named is None else named[0],
        inputs_known=inputs is None or _is_none(inputs) or (named is not None and named[1] == "same"),
    )


def _truth(frame: types.FrameType, expression: ast.expr | None, *, otherwise: bool) -> bool:
    if expression is None or _is_none(expression):
        return otherwise
    value = expression.value if isinstance(expression, ast.Constant) else _value(frame, expression)
    return value if type(value) is bool else otherwise


def _is_none(expression: ast.expr) -> bool:
    return isinstance(expression, ast.Constant) and expression.value is None


def _tensors(frame: types.FrameType, expression: ast.expr) -> _Found | None:
    """The tensors that an expression is, or is computed from.

    ``loss / 4``, ``a + b``, ``loss.mean()`` and ``scaler.scale(loss)`` are computed from what they
    name: the graph below is the same.
    """
    match expression:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return _union(frame, parts, "same")
        case ast.BinOp(left=left, op=op, right=right):
            return _union(frame, [left, right], "reduced" if isinstance(op, ast.MatMult) else "elementwise")
        case ast.UnaryOp(operand=operand):
            return _union(frame, [operand], "elementwise")
        case ast.Call(func=ast.Attribute(value=owner, attr="scale"), args=[argument]):
            return _union(frame, [argument] if _tensors(frame, owner) is None else [owner], "elementwise")
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _REDUCERS:
            return _union(frame, [owner], "reduced")
        case _:
            return _held(frame, expression)


def _held(frame: types.FrameType, expression: ast.expr) -> _Found | None:
    """A tensor, or a list of them, that lies there; a plain number adds nothing to the graph."""
    value: Any = expression.value if isinstance(expression, ast.Constant) else _value(frame, expression)
    if _is_tensor(value):
        return (value,), "same"
    if type(value) in (list, tuple) and value and all(_is_tensor(item) for item in value):
        return tuple(value), "same"
    return ((), "elementwise") if type(value) in (int, float) else None


def _union(frame: types.FrameType, parts: list[ast.expr], like: Like) -> _Found | None:
    tensors: tuple[torch.Tensor, ...] = ()
    furthest = _LIKENESS.index(like)
    for part in parts:
        found = _tensors(frame, part)
        if found is None:
            return None
        tensors += found[0]
        furthest = max(furthest, _LIKENESS.index(found[1]))
    return (tensors, _LIKENESS[furthest]) if tensors else None


def _is_tensor(value: object) -> bool:
    base: Literal[True] | type = sys.modules["torch"].Tensor
    return base in type(value).__mro__


def _value(frame: types.FrameType, expression: ast.expr) -> Any:  # noqa: ANN401 (any value of the user's)
    """A name, attribute or constant subscript as the frame holds it; None for all else."""
    match expression:
        case ast.Name(id=name):
            return look_up(frame, name)
        case ast.Attribute(value=owner, attr=name):
            there = _value(frame, owner)
            return None if there is None or _is_tensor(there) else member(there, name)
        case ast.Subscript(value=owner, slice=ast.Constant(value=key)):
            there = _value(frame, owner)
            return None if there is None or _is_tensor(there) else element(there, key)
        case ast.Subscript(value=owner, slice=ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as key))):
            there = _value(frame, owner)
            return None if there is None or _is_tensor(there) else element(there, -key)
        case _:
            return None

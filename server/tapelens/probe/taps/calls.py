"""The source of the call that a frame is in: what the user wrote as root, and whether literally ``True``."""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import sys
import textwrap
from types import CodeType, FrameType

from ..capture.variables import local_variables

_RUNS = frozenset({"backward", "grad", "manual_backward"})
_DERIVES = frozenset({"jacobian", "hessian", "hvp", "vhp", "vjp", "jvp", "jacrev", "jacfwd"})
_RETAIN_AT = {"autograd.backward": 2, "torch.autograd.backward": 2, "autograd.grad": 3, "torch.autograd.grad": 3}
"""Where ``retain_graph`` stands among the arguments; second for a tensor's method."""
_GRADIENTS = ("grad_tensors", "grad_outputs")
_ROOT_FIRST = frozenset({"autograd.backward", "autograd.grad", "torch.autograd.backward", "torch.autograd.grad"})


def root_expression(frame: FrameType | None) -> str:
    """What the running call names as its root: ``loss`` of ``loss.backward()``; empty when not told."""
    call = None if frame is None else _running_call(frame)
    if call is None:
        return ""
    function = call.func
    if isinstance(function, ast.Attribute) and ast.unparse(function) not in _ROOT_FIRST and function.attr == "backward":
        return ast.unparse(function.value)
    if call.args and isinstance(call.args[0], (ast.Name, ast.Attribute, ast.Subscript)):
        return ast.unparse(call.args[0])
    return ""


def says_retain_graph(frame: FrameType | None) -> bool:
    """The running call has ``retain_graph=True`` with a literal.

    Not so where a loop makes it for each of several roots: then the last one's is needless and the code is
    right, however many roots there are.
    """
    call = None if frame is None else _running_call(frame)
    if call is None:
        return False
    place = _RETAIN_AT.get(ast.unparse(call.func), 1)
    given = [keyword.value for keyword in call.keywords if keyword.arg == "retain_graph"] or call.args[place:][:1]
    says = any(isinstance(value, ast.Constant) and value.value is True for value in given)
    return says and frame is not None and frame.f_lineno not in _lines_for_each(frame.f_code.co_filename)


@functools.lru_cache(maxsize=64)
def _lines_for_each(file: str) -> frozenset[int]:
    """Lines of calls in a loop whose variable is in the root that they run."""
    homes: list[tuple[ast.expr, list[ast.stmt] | list[ast.expr]]] = []
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.For):
            homes.append((node.target, node.body))
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp)):
            homes += [(each.target, [node.elt]) for each in node.generators]
    lines: set[int] = set()
    for target, body in homes:
        names = _names_in(target)
        for call in (call for part in body for call in ast.walk(part) if isinstance(call, ast.Call)):
            root = _root_of(call) if _is_run(call) else None
            if root is not None and _is_chosen(root) and not names.isdisjoint(_names_in(root)):
                lines.update(range(call.lineno, (call.end_lineno or call.lineno) + 1))
    return frozenset(lines)


def _root_of(call: ast.Call) -> ast.AST:
    """What the call names as its root, roughly: the tensor whose method it is, and else the first argument."""
    if ast.unparse(call.func) not in _ROOT_FIRST and isinstance(call.func, ast.Attribute):
        return call.args[0] if call.func.attr != "backward" and call.args else call.func.value
    return call.args[0] if call.args else call.func


def _is_chosen(root: ast.AST) -> bool:
    """``loss``, ``rows[index]``, ``rows[:, index].sum()``: not what a model computes here of the loop's batch."""
    match root:
        case ast.Name():
            return True
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return _is_chosen(value)
        case ast.Call(func=ast.Attribute(value=value), args=[]):
            return _is_chosen(value)
        case _:
            return False


def _names_in(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _is_run(call: ast.Call) -> bool:
    return ast.unparse(call.func).rpartition(".")[2] in _RUNS


@functools.lru_cache(maxsize=16)
def _tree(file: str) -> ast.Module:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])


def brings_gradient(frame: FrameType, gradients: object = None) -> bool:
    """The running function of ``torch.autograd`` was given a gradient for a root.

    Args:
        frame: Of that function.
        gradients: What it gives to the engine. Those that it made itself nobody else holds, and then nothing
            has to be asked of the frame.
    """
    if frame.f_code.co_name not in {"backward", "grad"}:
        return False
    if type(gradients) is tuple and _are_held_once(gradients):
        return False
    variables = local_variables(frame)
    given = next((variables[name] for name in _GRADIENTS if name in variables), None)
    return any(each is not None for each in (given if isinstance(given, (tuple, list)) else (given,)))


def _are_held_once(items: tuple[object, ...]) -> bool:
    return all(map(_HELD_ONCE.__eq__, map(sys.getrefcount, items)))


_HELD_ONCE: int = next(map(sys.getrefcount, (object(),)))


def argument_written(frame: FrameType | None, *, function: str, keyword: str, position: int) -> ast.expr | None:
    """How the running call of a function of this name writes one of its arguments; None when it cannot be told."""
    if frame is None:
        return None
    try:
        tree = ast.parse(_text_at(frame.f_code, frame.f_lasti, frame.f_lineno or 0))
    except (SyntaxError, ValueError):
        return None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    running = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == function]
    if len(running) != 1:
        return None
    given = [each.value for each in running[0].keywords if each.arg == keyword]
    return next(iter(given or running[0].args[position:]), None)


def calls_besides(file: str, lines: frozenset[int]) -> bool:
    """A call of a backward or gradient stands in the file on none of these lines."""
    return any(lines.isdisjoint(range(first, last + 1)) for first, last in _calls_in(file))


@functools.lru_cache(maxsize=64)
def _calls_in(file: str) -> tuple[tuple[int, int], ...]:
    """First and last line of each call that may run a graph."""
    return tuple(
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(_tree(file))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _RUNS | _DERIVES
    )


def _running_call(frame: FrameType) -> ast.Call | None:
    return _call_at(frame.f_code, frame.f_lasti, frame.f_lineno or 0)


@functools.lru_cache(maxsize=256)
def _call_at(code: CodeType, instruction: int, line: int) -> ast.Call | None:
    text = _text_at(code, instruction, line)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return None
    # Where only the line is known (Python 3.10), it has to hold one call of a backward.
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    running = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in _RUNS]
    return running[0] if len(running) == 1 else None


def _text_at(code: CodeType, instruction: int, line: int) -> str:
    """The source of the running expression, or of the whole line where positions are not known."""
    lines = linecache.getlines(code.co_filename)
    positions = getattr(code, "co_positions", None)
    if positions is not None:
        found = next(itertools.islice(positions(), instruction // 2, None), None)
        if found is not None and None not in found:
            first, last, begin, end = found
            whole = "\n".join(text.rstrip("\n") for text in lines[first - 1 : last])
            tail = len(lines[last - 1].encode()) - end if last <= len(lines) else 0
            return whole.encode()[begin : len(whole.encode()) - max(0, tail - 1)].decode(errors="replace")
    return textwrap.dedent(lines[line - 1]).strip() if 0 < line <= len(lines) else ""

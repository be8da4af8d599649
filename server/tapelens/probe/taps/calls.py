"""The source of the call that a frame is in: what the user wrote as root, and whether literally ``True``."""

from __future__ import annotations

import ast
import functools
import itertools
import linecache
import textwrap
from types import CodeType, FrameType

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
    """The running call has ``retain_graph=True`` with a literal."""
    call = None if frame is None else _running_call(frame)
    return call is not None and any(
        keyword.arg == "retain_graph" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in call.keywords
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
    running = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] in {"backward", "grad"}]
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

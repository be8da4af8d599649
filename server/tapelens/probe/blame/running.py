"""The expression that a frame is in the midst of."""

from __future__ import annotations

import ast
import functools
import itertools
from types import CodeType, FrameType

from .trees import body_of, walk_own


def running_call(frame: FrameType) -> ast.Call | None:
    """The call that the frame waits for; None where that cannot be told."""
    found = running(frame)
    return found if isinstance(found, ast.Call) else None


def running(frame: FrameType) -> ast.expr | None:
    """The expression whose instruction runs; where only lines are known the one call of the line."""
    return _at(frame.f_code, frame.f_lasti, frame.f_lineno or 0)


@functools.lru_cache(maxsize=256)
def _at(code: CodeType, instruction: int, line: int) -> ast.expr | None:
    body = body_of(code)
    if body is None:
        return None
    expressions = [node for node in walk_own(body) if isinstance(node, ast.expr)]
    positions = getattr(code, "co_positions", None)
    if positions is None:
        calls = [node for node in expressions if isinstance(node, ast.Call) and node.lineno <= line <= _end(node)]
        return calls[0] if len(calls) == 1 else None
    found = next(itertools.islice(positions(), instruction // 2, None), None)
    if found is None or None in found:
        return None
    first, last, begin, end = found
    exact = [
        node
        for node in expressions
        if (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset) == (first, last, begin, end)
    ]
    return exact[0] if exact else None


def _end(node: ast.expr) -> int:
    return node.end_lineno or node.lineno

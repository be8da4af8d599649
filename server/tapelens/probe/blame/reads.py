"""What a frame reads the gradient of."""

from __future__ import annotations

import ast
import dis
import functools
import sys
from types import CodeType, FrameType
from typing import Any

from ...events import NonleafRead
from ...wire.sites import Site
from ..capture.gradients import Origins
from ..capture.guards import collector_held, undisturbed
from ..capture.reading import read_tensor
from ..sites import owner_of, site_of
from .bindings import reaching, written
from .lost import find_lost
from .running import running
from .scopes import Scope, scopes_of
from .trees import body_of, walk_own

_LINES_ARE_KNOWN = sys.version_info >= (3, 12)
_DEBUGGERS = ("pydevd", "debugpy", "pdb", "bdb", "codeop")


def read_at(frame: FrameType, *, origins: Origins | None) -> NonleafRead | None:
    """A ``.grad`` that the frame's current instruction reads; None for any other way to come by it, and for a debugger.

    ``hasattr`` and ``getattr`` are calls, and ask whether something is there.
    """
    if owner_of(frame) != "user" or not _reads_grad(frame.f_code, frame.f_lasti) or _is_evaluated(frame):
        return None
    expression = _tensor_read(frame)
    with collector_held(), undisturbed():
        scopes = scopes_of(frame)
        tensor: Any = scopes[0].value(expression) if scopes and expression is not None else None
        if tensor is None or expression is None or not _is_tensor(tensor):
            text = "" if expression is None else ast.unparse(expression)
            return NonleafRead(site=site_of(frame), expression=text, operation="", made=None, lost=None)
        node = read_tensor(tensor).node
        return NonleafRead(
            site=site_of(frame),
            expression=ast.unparse(expression),
            operation="" if node is None else type(node).__name__,
            made=_made(node, expression, scopes[0], origins),
            lost=find_lost(tensor, expression, scopes),
        )


def _made(node: Any, expression: ast.expr, scope: Scope, origins: Origins | None) -> Site | None:  # noqa: ANN401
    if node is not None and origins is not None and _LINES_ARE_KNOWN:
        site = origins([node._sequence_nr()])[0].site
        if site is not None:
            return site
    found = reaching(scope.body, written(expression), scope.line)
    is_made = bool(found) and not written(found[-1].value) and not isinstance(found[-1].statement, ast.For)
    return scope.site(found[-1].line) if is_made else None


@functools.lru_cache(maxsize=256)
def _reads_grad(code: CodeType, instruction: int) -> bool:
    for step in dis.get_instructions(code):
        if step.offset == instruction:
            return step.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")) and step.argval == "grad"
    return False


def _tensor_read(frame: FrameType) -> ast.expr | None:
    found = running(frame)
    if isinstance(found, ast.Attribute) and found.attr == "grad":
        return found.value
    body = body_of(frame.f_code)
    reads = [
        node
        for node in (walk_own(body) if body is not None else ())
        if isinstance(node, ast.Attribute) and node.attr == "grad" and node.end_lineno == frame.f_lineno
    ]
    return reads[0].value if len(reads) == 1 else None


def _is_evaluated(frame: FrameType) -> bool:
    """A debugger evaluates an expression in the user's frame."""
    outer = frame.f_back
    if frame.f_code.co_filename[:1] != "<" or outer is None:
        return False
    module = outer.f_globals.get("__name__")
    return isinstance(module, str) and any(part in module for part in _DEBUGGERS)


def _is_tensor(value: object) -> bool:
    return sys.modules["torch"].Tensor in type(value).__mro__

"""The statement that wrote into a tensor, told in several ways."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ...wire.sites import Site
from ..capture.gradients import Origins
from .bindings import bindings, written
from .reached import functions_reached
from .scopes import Scope
from .trees import tree_of
from .writes import Write, write_at, writes_in

_PLAIN = (ast.Constant, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.JoinedStr)


class Culprit(NamedTuple):
    """A statement.

    Attributes:
        site: Where it is.
        written: As it is written.
        target: What it writes into, as it is written; empty where that is no name.
        by_step: It is an optimizer's step.
    """

    site: Site
    written: str
    target: str
    by_step: bool = False


def by_name(scopes: list[Scope], names: set[str]) -> Culprit | None:
    """The last one on one of the names before where a frame stands, else the last one in a loop around it."""
    for scope in scopes:
        fitting = [each for each in writes_in(scope) if each.target in names]
        before = [each for each in fitting if each.line <= scope.line] or fitting
        if before:
            return _of(before[-1], scope)
    return None


def by_clock(sequences: Iterable[int], origins: Origins) -> Culprit | None:
    """The only line that made a node of those and that writes into a tensor."""
    sites = {origin.site for origin in origins(sorted(number for number in sequences if number >= 0))}
    found: list[Culprit] = []
    for site in sites:
        tree = None if site is None else tree_of(site.path)
        write = None if tree is None or site is None else write_at(tree, site.line)
        if write is not None and site is not None:
            found.append(Culprit(site, write.text, write.target))
    return found[0] if len(found) == 1 else None


def by_reach(scopes: list[Scope], *, is_it: Callable[[Any], bool], words: set[str]) -> Culprit | None:
    """The one that fits among the functions that the frames have called.

    Args:
        scopes: The frames.
        is_it: Whether a tensor is the one that was changed.
        words: Names of the operations that made and that saved it.
    """
    candidates = [(scope, each) for scope in functions_reached(scopes) for each in writes_in(scope)]
    meant: list[tuple[Scope, Write]] = []
    fitting: list[tuple[Scope, Write]] = []
    for scope, write in candidates:
        value = _value(write.target, scope)
        if value is None and not _is_plain(write.target, scope):
            fitting.append((scope, write))
        elif sys.modules["torch"].Tensor in type(value).__mro__ and is_it(value):
            meant.append((scope, write))
    for chosen in (meant, [pair for pair in fitting if _is_made_by(pair[1].target, pair[0], words)], fitting):
        lines = {(id(scope.body), write.line) for scope, write in chosen}
        if len(lines) == 1:
            return _of(chosen[0][1], chosen[0][0])
        if lines:
            break
    return None


def _value(target: str, scope: Scope) -> Any:  # noqa: ANN401 (any value of the user's)
    """What the target is now, here or as it was handed in; None where that cannot be told."""
    try:
        expression: ast.expr | None = ast.parse(target, mode="eval").body
    except SyntaxError:
        return None
    each: Scope | None = scope
    while expression is not None and each is not None:
        value = each.value(expression)
        if value is not None:
            return value
        expression, each = each.argument(written(expression)), each.caller
    return None


def _is_plain(target: str, scope: Scope) -> bool:
    """It is bound to a number, a list or a dict that is written out: no tensor."""
    return any(isinstance(each.value, _PLAIN) for each in bindings(scope.body, target) if not each.keeps)


def _is_made_by(target: str, scope: Scope, words: set[str]) -> bool:
    """The target's name is bound to a result of one of the operations."""
    told = {word.lower() for word in words if word}
    return any(
        word in text
        for binding in bindings(scope.body, target)
        for text in _texts(binding.value, scope)
        for word in told
    )


def _texts(value: ast.expr, scope: Scope) -> Iterator[str]:
    """The functions that an expression calls, and the classes of the modules."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2].lower().replace("_", "")
            yield type(scope.value(node.func)).__name__.lower()


def _of(write: Write, scope: Scope) -> Culprit:
    return Culprit(scope.site(write.line), write.text, write.target)

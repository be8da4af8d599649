"""Which statement of the user's ties each iteration's graph to a name: a small look at the source."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ...wire.sites import Site
from ..sites import written_site

_ADDS = frozenset(("append", "appendleft", "add", "extend", "insert", "put", "update", "setdefault", "push", "store"))
_DROPS = frozenset(("clear", "pop", "popleft", "popitem", "remove", "reset"))
_CUTS = frozenset(("item", "detach", "detach_", "tolist", "numpy", "size", "dim", "numel"))
_CUTTING_FUNCTIONS = frozenset(("float", "int", "len", "str", "bool", "range"))
_PLAIN_ATTRIBUTES = frozenset(("data", "shape", "device", "dtype", "grad"))
_LONGEST = 60  # characters of a statement that are told
_Function = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Tie(NamedTuple):
    """A statement that ties.

    Attributes:
        rank: 0 for one that adds to what is there, 1 for one that sets an element, 2 for an assignment in a loop.
        statement: Its text, shortened.
    """

    rank: int
    site: Site
    statement: str


class Target(NamedTuple):
    """What is tied to: a variable or an attribute of something."""

    name: str
    is_attribute: bool


class Scope(NamedTuple):
    """Where to look: a function of a file, by its first line, or all of the file."""

    file: str
    first_line: int | None


def target_of(path: str) -> Target:
    """The last name on a way: ``history`` of ``trainer.history["loss"]``."""
    try:
        expression: ast.expr = ast.parse(path, mode="eval").body
    except SyntaxError:  # a subscript that nobody could write
        return target_of(path.partition("[")[0]) if "[" in path else Target("", False)
    base = _base(expression)
    if isinstance(base, ast.Attribute):
        return Target(base.attr, is_attribute=True)
    return Target(base.id if isinstance(base, ast.Name) else "", is_attribute=False)


def find_tie(target: Target, scopes: Iterable[Scope]) -> Tie | None:
    """The best statement of the first scope that has one."""
    for scope in scopes:
        found = list(_ties(target, scope))
        if found:
            return min(found, key=lambda tie: tie.rank)
    return None


def drops(target: Target, scopes: Iterable[Scope]) -> bool:
    """A statement takes out of it what was put in, or begins it anew elsewhere than where it was made."""
    return any(_drops(target, statement) for scope in scopes for _, statement in _statements(scope))


def passed_on(target: Target, scopes: Iterable[Scope]) -> list[tuple[Target, Scope]]:
    """Where functions of the same files take it as an argument: what they call it, and where they are."""
    found: list[tuple[Target, Scope]] = []
    for scope in scopes:
        functions = {each.name: each for each in ast.walk(_tree(scope.file)) if isinstance(each, ast.FunctionDef)}
        for call in (each for each in ast.walk(_scope_node(scope)) if isinstance(each, ast.Call)):
            called = functions.get(_called(call))
            if called is not None:
                found += [
                    (Target(name, is_attribute=False), _scope_of(scope, called))
                    for name in _taken(call, called, target)
                ]
    return found


def _ties(target: Target, scope: Scope) -> Iterator[Tie]:
    for context, statement in _statements(scope):
        rank = None if context.is_cut else _rank(target, statement, in_loop=context.in_loop)
        if rank is not None:
            text = " ".join(ast.unparse(statement).split())
            site = written_site(scope.file, statement.lineno, context.function)
            yield Tie(rank, site, text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _rank(target: Target, statement: ast.stmt, *, in_loop: bool) -> int | None:
    match statement:
        case ast.AugAssign(target=to, value=value) if _is(_base(to), target):
            return None if _is_plain(value) else 0
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _rank_of_assignment(target, list(_assigned(statement)), value, in_loop=in_loop)
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=holder, attr=name)) as call) if name in _ADDS:
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            ties = _is(_base(holder), target) and not all(map(_is_plain, given))
            return 0 if ties else None
        case _:
            return None


def _rank_of_assignment(target: Target, to: list[ast.expr], value: ast.expr, *, in_loop: bool) -> int | None:
    if not any(_is(_base(each), target) for each in to) or _is_plain(value):
        return None
    if any(isinstance(each, ast.Subscript) for each in to if _is(_base(each), target)):
        return 1
    carried = list(_carried(value))
    if any(_is(each, target) for each in carried):
        adds = any(not _is(each, target) for each in carried)  # what else it is made of: a loss, a cell
        return 0 if adds and not isinstance(value, ast.Subscript) else None
    return 2 if in_loop else None


def _carried(expression: ast.AST) -> Iterator[ast.expr]:
    """Names and attributes in it whose graph it takes along."""
    if isinstance(expression, ast.expr):
        if _is_plain(expression):
            return
        if isinstance(expression, (ast.Name, ast.Attribute)):
            yield expression
    for each in ast.iter_child_nodes(expression):
        yield from _carried(each)


def _is_plain(expression: ast.expr) -> bool:  # noqa: PLR0911 (a case each)
    """What it gives has no graph, as far as its text says."""
    match expression:
        case ast.Constant() | ast.JoinedStr() | ast.Compare():
            return True
        case ast.Call(func=ast.Attribute(value=value, attr=name), args=given):
            return name in _CUTS or (_is_plain(value) and all(map(_is_plain, given)))
        case ast.Call(func=ast.Name(id=name)):
            return name in _CUTTING_FUNCTIONS
        case ast.Attribute(attr=name):
            return name in _PLAIN_ATTRIBUTES
        case ast.BinOp(left=left, right=right):
            return _is_plain(left) and _is_plain(right)
        case ast.UnaryOp(operand=value) | ast.Subscript(value=value) | ast.Starred(value=value):
            return _is_plain(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return all(map(_is_plain, parts))
        case ast.Dict(values=parts):
            return all(map(_is_plain, parts))
        case _:
            return False


def _drops(target: Target, statement: ast.stmt) -> bool:
    match statement:
        case ast.Delete(targets=gone):
            return any(_is(_base(each), target) for each in gone if isinstance(each, ast.Subscript))
        case ast.Assign(value=value):
            to = list(_assigned(statement))
            if any(
                isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice) and _is(_base(each), target)
                for each in to
            ):
                return True
            if not any(_is(each, target) for each in to):
                return False
            return any(
                isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Slice) and _is(each.value, target)
                for each in ast.walk(value)
            )
        case _:
            pass
    calls = (each for each in ast.walk(statement) if isinstance(each, ast.Call))
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr in _DROPS and _is(_base(call.func.value), target)
        for call in calls
    )


def _base(expression: ast.expr) -> ast.expr:
    """The container's name: of ``x["loss"]``, of ``x.setdefault(k, [])``, of ``x[3]``."""
    while True:
        match expression:
            case ast.Subscript(value=inner) | ast.Call(func=ast.Attribute(value=inner, attr="setdefault" | "get")):
                expression = inner
            case _:
                return expression


def _is(expression: ast.expr, target: Target) -> bool:
    if target.is_attribute:
        return isinstance(expression, ast.Attribute) and expression.attr == target.name
    return isinstance(expression, ast.Name) and expression.id == target.name


def _assigned(statement: ast.stmt) -> Iterator[ast.expr]:
    waiting: list[ast.expr] = []
    match statement:
        case ast.Assign(targets=targets):
            waiting += targets
        case ast.AnnAssign(target=target):
            waiting.append(target)
        case _:
            return
    for each in waiting:  # grows while we walk it
        if isinstance(each, (ast.Tuple, ast.List)):
            waiting += each.elts
        elif isinstance(each, ast.Starred):
            waiting.append(each.value)
        else:
            yield each


class _Context(NamedTuple):
    function: str
    in_loop: bool = False
    is_cut: bool = False


def _statements(scope: Scope) -> Iterator[tuple[_Context, ast.stmt]]:
    """Simple statements, each with where it stands."""
    node = _scope_node(scope)
    names = _qualified_names(scope.file)
    yield from _inside(node, _Context(names.get(id(node), "<module>")), names)


def _inside(node: ast.AST, context: _Context, names: dict[int, str]) -> Iterator[tuple[_Context, ast.stmt]]:
    for each in ast.iter_child_nodes(node):
        inner = context
        match each:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                is_cut = any(map(_says_no_grad, each.decorator_list))
                inner = _Context(names.get(id(each), each.name), is_cut=is_cut)
            case ast.For() | ast.While() | ast.AsyncFor():
                inner = context._replace(in_loop=True)
            case ast.With(items=items) if any(_says_no_grad(item.context_expr) for item in items):
                inner = context._replace(is_cut=True)
            case _:
                pass
        if isinstance(each, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Delete)):
            yield inner, each
        else:
            yield from _inside(each, inner, names)


def _says_no_grad(expression: ast.expr) -> bool:
    called = expression.func if isinstance(expression, ast.Call) else expression
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    return name in {"no_grad", "inference_mode"}


def _scope_node(scope: Scope) -> ast.AST:
    tree = _tree(scope.file)
    if scope.first_line is None:
        return tree
    for each in ast.walk(tree):
        if isinstance(each, _Function) and scope.first_line in {each.lineno, _first_line(each)}:
            return each
    return tree


def _first_line(function: Any) -> int:  # noqa: ANN401 (any of three kinds)
    """As a code object counts: from the first decorator."""
    decorators = getattr(function, "decorator_list", [])
    return decorators[0].lineno if decorators else function.lineno


def _scope_of(scope: Scope, function: ast.FunctionDef) -> Scope:
    return Scope(scope.file, _first_line(function))


def _called(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _taken(call: ast.Call, function: ast.FunctionDef, target: Target) -> Iterator[str]:
    """Names of the function's parameters that get it."""
    parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    if isinstance(call.func, ast.Attribute) and parameters[:1] == ["self"]:
        parameters = parameters[1:]
    for name, given in zip(parameters, call.args, strict=False):
        if _is(_base(given), target):
            yield name
    for keyword in call.keywords:
        if keyword.arg is not None and _is(_base(keyword.value), target):
            yield keyword.arg


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _tree(file: str) -> ast.Module:
    return _parsed("".join(linecache.getlines(file)))


def _qualified_names(file: str) -> dict[int, str]:
    names: dict[int, str] = {}
    waiting: list[tuple[ast.AST, str]] = [(_tree(file), "")]
    for node, prefix in waiting:  # grows while we walk it
        for each in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)):
                names[id(each)] = prefix + each.name
                inner = f"{prefix}{each.name}.<locals>."
            elif isinstance(each, ast.ClassDef):
                inner = f"{prefix}{each.name}."
            waiting.append((each, inner))
    return names

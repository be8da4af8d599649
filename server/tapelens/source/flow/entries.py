"""Where a file is entered: as a script, and by whoever calls what nobody in it calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from ..file import SourceFile
from .acts import Act, Escaped
from .attributes import bind
from .calls import invoke, is_module
from .expressions import evaluate
from .guesses import by_name
from .reach import everything
from .run import Frame, Raised, Run, Spent
from .statements import block
from .values import Class, Function, Instance, Opaque, Tensor, Value

_SPEAKS = re.compile(r"backward\(|\.step\(|\bautograd\.grad\b|\.grad\b|hook\(")
_PLENTY = 120_000
_ENTRY = 25_000


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """One way through the file and what it calls.

    Attributes:
        loops: The statements of loops, by number.
        is_script: The whole program is in sight: what it does not do, nobody does.
    """

    acts: tuple[Act, ...]
    is_script: bool
    loops: Mapping[int, ast.AST]


def traces(file: SourceFile) -> tuple[Trace, ...]:
    """All ways in, the script's first."""
    if file.tree is None or "torch" not in file.text or not _SPEAKS.search(file.text):
        return ()
    return tuple(_traces(file, file.tree))


def _traces(file: SourceFile, tree: ast.Module) -> Iterator[Trace]:
    run = Run(file, evaluate=evaluate, block=block, invoke=invoke, at_most=_ENTRY * 2)
    left, frame = _PLENTY, run.frame
    try:
        with suppress(Raised):
            block(run, tree.body)
        yield Trace(tuple(run.acts), is_script=True, loops=run.loop_nodes)
    except (Spent, RecursionError):
        pass
    run.frame = frame
    module = frame.scope
    for later in (False, True):
        for value in list(module.names.values()):
            if left < 0:
                return
            if isinstance(value, Function) and isinstance(value.node, ast.FunctionDef) and value.file is file:
                if _is_entry(run, file, value, later=later):
                    left -= _ENTRY
                    yield from _enter(run, frame, value)
            elif isinstance(value, Class) and value.file is file:
                yield from _enter_class(run, frame, file, value, later=later)


def _is_entry(run: Run, file: SourceFile, function: Function, *, later: bool) -> bool:
    node = function.node
    if node in run.executed or isinstance(node, ast.Lambda):
        return False
    if not later and file.text.count(node.name) > 1:
        return False
    return _is_hot(run, file, node)


def _is_hot(run: Run, file: SourceFile, node: ast.AST) -> bool:
    """It does what rules speak of, or names a function of the file that does."""
    if run.hot is None:
        run.hot = _hot_names(file)
    text = _text(file, node)
    return bool(_SPEAKS.search(text)) or any(name in text for name in run.hot)


def _text(file: SourceFile, node: ast.AST) -> str:
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", 1)
    return "\n".join(file.lines[first - 1 : last])


def _hot_names(file: SourceFile) -> set[str]:
    names: set[str] = set()
    assert file.tree is not None
    functions = [
        each
        for top in file.tree.body
        for each in (top.body if isinstance(top, ast.ClassDef) else (top,))
        if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    texts = {each.name: _text(file, each) for each in functions}
    for _ in range(3):
        before = len(names)
        for name, text in texts.items():
            if name not in names and (_SPEAKS.search(text) or any(f"{hot}(" in text for hot in names)):
                names.add(name)
        if len(names) == before:
            break
    return names


def _fresh(run: Run, frame: Frame) -> None:
    run.frame, run.acts = frame, []
    run.guards, run.loops, run.calls = (), (), ()
    run.tried, run.step, run.grad, run.grad_by = False, None, True, None
    run.left = _ENTRY


def _enter(run: Run, frame: Frame, function: Function) -> Iterator[Trace]:
    _fresh(run, frame)
    try:
        run.is_guessing = True
        with suppress(Raised):
            result = invoke(run, function, (), {}, function.node)
            _escape(run, result, function.node)
        yield Trace(tuple(run.acts), is_script=False, loops=run.loop_nodes)
    except (Spent, RecursionError):
        run.frame = frame


def _escape(run: Run, result: Value, node: ast.AST) -> None:
    for value in everything((result,)):
        if isinstance(value, Tensor) and value.grad is not False:
            run.acts.append(Escaped(run.now(node), value))


def _enter_class(run: Run, frame: Frame, file: SourceFile, cls: Class, *, later: bool) -> Iterator[Trace]:
    methods = [
        value
        for value in cls.scope.names.values()
        if isinstance(value, Function) and not isinstance(value.node, ast.Lambda) and value.node.name != "__init__"
    ]
    chosen = [value for value in methods if _is_entry(run, file, value, later=later)]
    if not chosen or cls.is_a(("torch.optim.", "torch.autograd.")):
        return
    _fresh(run, frame)
    instance = Instance(cls, run.place(cls.node), is_module=is_module(cls), is_entry=True)
    instance.variable = "self"
    try:
        init = bind(cls.find("__init__"), instance, cls)
        if isinstance(init, Function):
            run.is_guessing = True
            with suppress(Raised):
                invoke(run, init, (), {}, cls.node)
        for name in _fields(cls):
            instance.attributes.setdefault(name, by_name(run, name, run.place(cls.node)))
        branch = run.number()
        for arm, method in enumerate(chosen):
            if method.node in run.executed:
                continue
            run.guards, run.loops, run.grad, run.grad_by = ((branch, arm),), (), True, None
            bound = bind(method, instance, cls) or Opaque()
            run.is_guessing = True
            result = invoke(run, bound, (), {}, method.node)
            _escape(run, result, method.node)
        yield Trace(tuple(run.acts), is_script=False, loops=run.loop_nodes)
    except (Spent, RecursionError):
        run.frame = frame


def _fields(cls: Class) -> list[str]:
    return [
        each.target.id
        for each in cls.node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.value is None
    ]

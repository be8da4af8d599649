"""One way through a program: where it is, what it did, and what names hold.

Loops are gone through twice, branches one arm after the other, calls of the project's own functions
where they stand. Nothing is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..file import SourceFile
from .acts import Act, Guards, Moment
from .values import (
    Choice,
    Class,
    Const,
    Cut,
    Function,
    Items,
    Loops,
    Named,
    Node,
    Opaque,
    Place,
    Scope,
    Tensor,
    Value,
    Write,
)

AT_MOST = 40_000
"""Expressions that one way may evaluate, calls of calls included."""

DEEPEST = 14
"""Calls in calls."""


class Raised(Exception):
    """The program surely ends here with an error that nobody catches."""


class Spent(Exception):
    """A way is too long to be followed. Nothing is said of it."""


@dataclass(slots=True)
class Frame:
    """A running function or module body."""

    file: SourceFile
    scope: Scope
    function: ast.AST | None = None
    owner: Class | None = None
    bound: Value | None = None
    called_at: Place | None = None
    returns: list[Value] = field(default_factory=list[Value])
    yields: list[Value] = field(default_factory=list[Value])


class Run:
    """The state of one way."""

    def __init__(
        self,
        file: SourceFile,
        *,
        evaluate: Callable[[Run, ast.expr], Value],
        block: Callable[[Run, Sequence[ast.stmt]], object],
        invoke: Callable[[Run, Value, Sequence[Value], Mapping[str, Value], ast.AST], Value],
        at_most: int = AT_MOST,
    ) -> None:
        self._evaluate = evaluate
        self._block = block
        self._invoke = invoke
        self.frame = Frame(file, Scope(None))
        self.acts: list[Act] = []
        self.guards: Guards = ()
        self.loops: Loops = ()
        self.calls: tuple[ast.AST, ...] = ()
        self.tried = False
        self.step: int | None = None
        self.grad: bool | None = True
        self.makes_graphs = False  # a backward may have given gradients a graph
        self.grad_by: Place | None = None  # what switched gradients off
        self.is_guessing = False  # the next call's caller is not in sight
        self.clock = 0
        self.left = at_most
        self.executed: set[ast.AST] = set()
        self.loop_nodes: dict[int, ast.AST] = {}
        self.hot: set[str] | None = None  # functions of the file worth entering
        self.scripts: dict[str, Scope] = {}
        self.numbers = 0

    def evaluate(self, node: ast.expr) -> Value:
        """What an expression gives, with what it does."""
        return self._evaluate(self, node)

    def block(self, statements: Sequence[ast.stmt]) -> object:
        """Go through statements; how they end, None where some way goes on."""
        return self._block(self, statements)

    def call(self, function: Value, args: Sequence[Value], keywords: Mapping[str, Value], at: ast.AST) -> Value:
        """What a call gives, with what it does."""
        return self._invoke(self, function, args, keywords, at)

    def number(self) -> int:
        """A new id."""
        self.numbers += 1
        return self.numbers

    def tick(self) -> int:
        """The clock, a moment later."""
        self.clock += 1
        return self.clock

    def spend(self) -> None:
        """Count one expression.

        Raises:
            Spent: There were too many.
        """
        self.left -= 1
        if self.left < 0:
            raise Spent

    def place(self, node: ast.AST) -> Place:
        """A node of the running file."""
        return Place(self.frame.file, node)

    def now(self, node: ast.AST) -> Moment:
        """This moment, at a node of the running file."""
        return Moment(
            at=self.tick(),
            place=Place(self.frame.file, node),
            guards=self.guards,
            loops=self.loops,
            calls=self.calls,
            tried=self.tried,
            step=self.step,
        )

    def tensor(
        self,
        at: ast.AST,
        *parents: Value,
        saves: bool | None = None,
        keeps: tuple[Tensor, ...] = (),
        sure: bool = True,
        module: Value | None = None,
        keeps_parameters: bool = False,
    ) -> Tensor:
        """What an operation makes of its operands. ``module``: one whose parameters it uses and that need gradients."""
        tensors, perhaps, known = operands(parents)
        place = self.place(at)
        grad: bool | None = None
        if self.grad is False:
            grad = False
        elif any(each.grad for each in tensors) or module is not None:
            grad = self.grad
        elif known and sure:
            grad = False
        result = Tensor(place, grad=grad, leaf=not grad if grad is not None else None, sure=sure, loops=self.loops)
        result.reach = () if sure else parents
        if grad is not False:
            nodes = tuple(each.node for each in tensors if each.node is not None)
            result.node = Node(
                place,
                at=self.tick(),
                loops=self.loops,
                parents=nodes,
                perhaps=tuple(each.node for each in perhaps if each.node is not None),
                saves=saves,
                keeps=tuple(each.storage for each in keeps),
                module=module,
                keeps_parameters=keeps_parameters,
                sure=bool(grad),
                unknown=tuple(one for each in parents if isinstance(each, Opaque) for one in each.all_origins()),
            )
        else:
            result.cut = next((each.cut for each in tensors if each.cut is not None), None)
            if (
                result.cut is None
                and self.grad is False
                and self.grad_by is not None
                and (module or any(each.grad for each in tensors))
            ):
                result.cut = Cut(self.grad_by, "no_grad", None)
        for each in tensors:
            if each.of_grad:
                result.of_grad += each.of_grad
        return result

    def raises(self) -> None:
        """The program surely raises here.

        Raises:
            Raised: Nobody catches it, and no branch leads around it.
        """
        if not self.guards and not self.tried:
            raise Raised

    def write(self, tensor: Tensor, at: ast.AST, how: str) -> None:
        """A tensor's values change in place."""
        tensor.storage.writes.append(Write(self.tick(), self.place(at), self.guards, how))

    @contextmanager
    def guarded(self, branch: int, arm: int) -> Generator[None]:
        """In one arm of a branch."""
        before = self.guards
        self.guards = (*before, (branch, arm))
        try:
            yield
        finally:
            self.guards = before


def operands(values: Sequence[Value]) -> tuple[list[Tensor], list[Tensor], bool]:
    """Tensors among these, in lists too; those on some arm only; and whether it is known which need a gradient."""
    tensors: list[Tensor] = []
    perhaps: list[Tensor] = []
    known = True
    for value in values:
        match value:
            case Tensor():
                tensors.append(value)
                known = known and value.grad is not None
            case Choice(options=options):
                inner, others, _ = operands(options)
                perhaps += inner + others
                known = known and not inner and not others
            case Items(items=items):
                inner, others, whole = operands(items)
                (tensors if value.whole else perhaps).extend(inner)
                perhaps += others
                known = known and whole and (value.whole or not inner)
            case Opaque(reach=reach):
                inner, others, _ = operands([each for each in reach if isinstance(each, Tensor)])
                perhaps += inner
                known = False
            case Const() | Named() | Function():
                pass
            case _:
                known = False
    return tensors, perhaps, known

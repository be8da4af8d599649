"""What a name may hold, as far as the text tells."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from ..file import SourceFile

Loops = tuple[tuple[int, int], ...]
"""The loops around a moment, outermost first: which loop, which of its rounds."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A node of a file."""

    file: SourceFile
    node: ast.AST


@dataclass(slots=True, eq=False)
class Value:
    """Anything."""


@dataclass(slots=True, eq=False)
class Const(Value):
    """A number, string, truth value or None that the text spells out."""

    value: Any


@dataclass(slots=True, eq=False)
class Named(Value):
    """Something imported that is no file of the project: ``torch.nn.Linear``."""

    name: str


@dataclass(slots=True, eq=False)
class Opaque(Value):
    """What nobody can tell. It may hold whatever it was made from.

    Attributes:
        name: What the program calls it, for guesses.
        pure: Called with tensors, it computes.
        origins: What it is a part of, or was made from.
    """

    reach: tuple[Value, ...] = ()
    name: str = ""
    pure: bool = False
    origins: tuple[Opaque, ...] = ()

    def part(self) -> Opaque:
        """An item or attribute of it."""
        return Opaque(reach=self.reach, pure=self.pure, origins=self.all_origins())

    def all_origins(self) -> tuple[Opaque, ...]:
        """With itself, the nearest ones."""
        return (self, *self.origins)[:_ORIGINS]


_ORIGINS = 8


@dataclass(slots=True, eq=False)
class Choice(Value):
    """One of several, after a branch."""

    options: tuple[Value, ...]


@dataclass(slots=True, eq=False)
class Node:
    """An operation of the autograd graph, or a leaf that needs a gradient.

    Attributes:
        saves: It keeps tensors that a backward frees; None where that is unknown.
        keeps: The tensors whose values it saved.
        module: Whose parameters it used.
        keeps_parameters: It surely saved that module's parameters.
        at: The clock as it was made.
        sure: What it made surely requires a gradient.
        unknown: Operands that nobody can tell, which may have graphs of their own.
        perhaps: Parents on some arm of a branch.
        stops: Its own backward gives nothing to those before it: where.
    """

    place: Place
    at: int
    loops: Loops
    parents: tuple[Node, ...] = ()
    saves: bool | None = None
    keeps: tuple[Storage, ...] = ()
    module: Value | None = None
    keeps_parameters: bool = False
    leaf: Tensor | None = None
    sure: bool = True
    stops: Place | None = None
    perhaps: tuple[Node, ...] = ()
    unknown: tuple[Opaque, ...] = ()

    def walk(self, *, surely: bool = False) -> Iterator[Node]:
        """This one and all that it was made from, each once; ``surely``: whatever arm a branch took."""
        seen = {id(self)}
        todo: list[Node] = [self]
        while todo:
            node = todo.pop()
            yield node
            for parent in node.parents if surely else (*node.parents, *node.perhaps):
                if id(parent) not in seen:
                    seen.add(id(parent))
                    todo.append(parent)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """A change in place: when and where, in which arms of branches, and by what."""

    at: int
    place: Place
    guards: tuple[tuple[int, int], ...]
    how: str


@dataclass(slots=True, eq=False)
class Storage:
    """Memory that a tensor and its views share, with its changes in place."""

    writes: list[Write] = field(default_factory=list["Write"])


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Where a value left the graph, and by what."""

    place: Place
    how: str
    node: Node | None


@dataclass(slots=True, eq=False)
class Tensor(Value):
    """A tensor, or what is most likely one.

    Attributes:
        grad: It requires a gradient; None where that is unknown.
        leaf: It is a leaf; None where that is unknown.
        sure: It is nothing but a tensor.
        cut: Where it lost its graph.
        lost: The leaf that it took the place of.
        retains: ``retain_grad()`` was called.
        name: The variable that held it first.
        of_grad: It was computed from the gradients of these.
        reach: What an unknown function may have put into it.
    """

    place: Place
    grad: bool | None = None
    leaf: bool | None = None
    node: Node | None = None
    sure: bool = True
    cut: Cut | None = None
    lost: Tensor | None = None
    retains: bool = False
    name: str = ""
    of_grad: tuple[Value, ...] = ()
    storage: Storage = field(default_factory=Storage)
    reach: tuple[Value, ...] = ()
    scaled: Value | None = None
    module: Value | None = None
    loops: Loops = ()
    dtype: str = ""


@dataclass(slots=True, eq=False)
class Params(Value):
    """The parameters of these, one or all: what ``parameters()`` gives, and a loop's variable over it.

    Attributes:
        over: The loop whose variable it is.
        is_data: ``.data``: changes of it pass unseen.
    """

    of: tuple[Value, ...]
    single: bool = False
    over: ast.AST | None = None
    is_data: bool = False


@dataclass(slots=True, eq=False)
class Grad(Value):
    """The gradient of a tensor or of parameters, or a view of it."""

    of: Value


@dataclass(slots=True, eq=False)
class Module(Value):
    """An ``nn.Module`` whose class is not in the project.

    Attributes:
        name: Its class, or the variable it was guessed from.
        guessed: Only its name says that it is one.
        parts: Modules in it.
        has_parameters: None where that is unknown.
        listed: Its parameters were asked for.
        has_modes: It does something else in evaluation.
        is_in_place: It writes into what it gets.
    """

    place: Place
    name: str
    guessed: bool = False
    parts: list[Value] = field(default_factory=list[Value])
    has_parameters: bool | None = True
    attributes: dict[str, Value] = field(default_factory=dict[str, Value])
    loops: Loops = ()
    frozen: bool | None = False
    listed: bool = False
    variable: str = ""
    at: int = 0
    has_modes: bool = False
    is_in_place: bool = False


@dataclass(slots=True, eq=False)
class Optimizer(Value):
    """An optimizer.

    Attributes:
        held: What it steps: modules, tensors, parameters.
        guessed: Only its name says that it is one.
        clears: Its own ``step`` may clear gradients.
        reads: It is a class of the project, and looks at gradients in its own way.
    """

    place: Place
    name: str
    held: tuple[Value, ...]
    guessed: bool = False
    clears: bool = False
    reads: bool = False
    loops: Loops = ()
    at: int = 0
    variable: str = ""


@dataclass(slots=True, eq=False)
class Scaler(Value):
    """A ``GradScaler``; one that is switched off by a condition is not sure."""

    place: Place
    sure: bool = True
    variable: str = ""


@dataclass(slots=True, eq=False)
class Handle(Value):
    """What a registrar of hooks gave."""

    call: Place


Kind = Literal["list", "tuple", "dict", "set"]


@dataclass(slots=True, eq=False)
class Items(Value):
    """A list, tuple, set or a dict's values.

    Attributes:
        items: Those that the text shows.
        whole: There are no others.
        keys: Of a dict whose keys are all constant.
    """

    kind: Kind
    items: list[Value]
    whole: bool = True
    keys: dict[Any, Value] | None = None
    loops: Loops = ()
    place: Place | None = None
    bounded: bool = False
    factory: Value | None = None
    variable: str = ""


class Scope:
    """Names of a module or a function's call."""

    __slots__ = ("names", "outer", "public")

    def __init__(self, outer: Scope | None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.public: dict[str, Scope] = {}  # names declared global or nonlocal, and where they live

    def find(self, name: str) -> Value | None:
        """What it holds, here or further out."""
        scope: Scope | None = self.public.get(name, self)
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(slots=True, eq=False)
class Function(Value):
    """A function of the project, perhaps bound, with what partial() gave it."""

    file: SourceFile
    node: FunctionNode
    scope: Scope
    owner: Class | None = None
    bound: Value | None = None
    args: tuple[Value, ...] = ()
    keywords: dict[str, Value] = field(default_factory=dict[str, Value])
    plain: bool = True  # no decorator that nobody knows
    no_grad: bool = False


@dataclass(slots=True, eq=False)
class Class(Value):
    """A class of the project."""

    file: SourceFile
    node: ast.ClassDef
    bases: tuple[Value, ...]
    scope: Scope  # its own body's names

    def find(self, name: str) -> Value | None:
        """A method or attribute, its own or a known base's."""
        if name in self.scope.names:
            return self.scope.names[name]
        for base in self.bases:
            if isinstance(base, Class) and (found := base.find(name)) is not None:
                return found
        return None

    def all_bases(self) -> Iterator[Value]:
        """Bases of all generations."""
        for base in self.bases:
            yield base
            if isinstance(base, Class):
                yield from base.all_bases()

    def is_a(self, prefixes: tuple[str, ...]) -> bool:
        """Whether some base is named so."""
        return any(isinstance(base, Named) and base.name.startswith(prefixes) for base in self.all_bases())

    @property
    def is_known(self) -> bool:
        """No base is foreign, but object and what has no behaviour of its own."""
        return all(isinstance(base, Class) or (isinstance(base, Named) and base.name in _INERT) for base in self.bases)


_INERT = {"object", "abc.ABC", "typing.Protocol", "typing.NamedTuple", "torch.nn.Module", "torch.nn.modules.Module"}


@dataclass(slots=True, eq=False)
class Instance(Value):
    """An object of a class of the project.

    Attributes:
        is_entry: Nobody in the project made it: it stands for any.
    """

    cls: Class
    place: Place
    attributes: dict[str, Value] = field(default_factory=dict[str, Value])
    is_module: bool = False
    is_entry: bool = False
    loops: Loops = ()
    frozen: bool | None = False
    listed: bool = False
    variable: str = ""
    at: int = 0
    parts: list[Value] = field(default_factory=list[Value])


@dataclass(slots=True, eq=False)
class Partial(Value):
    """What ``functools.partial`` made of something."""

    function: Value
    args: tuple[Value, ...]
    keywords: dict[str, Value]


@dataclass(slots=True, eq=False)
class Default(Value):
    """What ``dataclasses.field(default_factory=…)`` made."""

    factory: Value


@dataclass(slots=True, eq=False)
class GradMode(Value):
    """``torch.no_grad()`` and its like; ``on`` is None where a value decides."""

    on: bool | None


def join(values: Iterable[Value | None]) -> Value:
    """One of several; the same thing twice is that thing, and of too many nobody can tell."""
    every = [Opaque() if value is None else value for value in values]
    options: list[Value] = []
    for value in every:
        for option in value.options if isinstance(value, Choice) else (value,):
            if not any(_is_same(option, known) for known in options):
                options.append(option)
        if len(options) > _AT_MOST:
            return Opaque(reach=tuple(every))
    if not options:
        return Opaque()
    return options[0] if len(options) == 1 else Choice(tuple(options))


_AT_MOST = 12


def _is_same(one: Value, other: Value) -> bool:
    if one is other:
        return True
    if isinstance(one, Const) and isinstance(other, Const):
        return type(one.value) is type(other.value) and one.value == other.value
    if isinstance(one, Named) and isinstance(other, Named):
        return one.name == other.name
    if isinstance(one, Function) and isinstance(other, Function):
        return one.node is other.node and one.bound is other.bound and one.args == other.args
    return isinstance(one, Opaque) and isinstance(other, Opaque) and not one.reach and not other.reach

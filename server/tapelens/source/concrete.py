"""Source with its comments and spaces, for changes that leave the rest as it stands. parso reads broken files too.

Positions are those of ``wire.sites.Span``: lines and columns from 1, in characters.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

import parso

from ..wire.findings import Edit, Fix
from ..wire.sites import Span
from .file import whole_lines

_CALLED = {"atom_expr", "power"}
_BLOCKS = {"suite", "file_input"}


class Node(Protocol):
    """A node or leaf of parso's tree, as far as it is used here: its own annotations say little.

    Attributes:
        type: Of the grammar: ``simple_stmt``, ``trailer``, ``operator``.
        parent: The node that it is part of.
        start_pos: Line from 1, column from 0.
        end_pos: After its last character.
    """

    type: str
    parent: Node | None
    start_pos: tuple[int, int]
    end_pos: tuple[int, int]

    def get_code(self, include_prefix: bool = True) -> str:  # noqa: FBT001, FBT002 (parso's own)
        """As it is written."""
        ...

    def get_first_leaf(self) -> Node:
        """Where it begins."""
        ...

    def get_last_leaf(self) -> Node:
        """Where it ends."""
        ...

    def get_next_leaf(self) -> Node | None:
        """What follows in the file."""
        ...

    def get_previous_leaf(self) -> Node | None:
        """What comes before in the file."""
        ...


def parts(node: Node) -> Sequence[Node]:
    """What a node is made of; nothing for a leaf."""
    return getattr(node, "children", ())


@dataclass(frozen=True)
class Call:
    """A call: ``loss.backward(retain_graph=True)``.

    Attributes:
        node: The chain of names, subscripts and calls that it is part of.
        index: Where its parentheses are among the node's parts.
    """

    node: Node
    index: int

    @property
    def callee(self) -> str:
        """What is called, as it is written: ``loss.backward``."""
        return "".join(each.get_code() for each in parts(self.node)[: self.index]).strip()

    @property
    def name(self) -> str:
        """The last name of it: ``backward``."""
        return self.callee.rpartition(".")[2]

    @property
    def owner(self) -> str:
        """What comes before the last name: ``loss``."""
        return self.callee.rpartition(".")[0]

    @property
    def arguments(self) -> list[Node]:
        """Each argument, without commas."""
        inside = parts(parts(self.node)[self.index])[1:-1]
        if len(inside) == 1 and inside[0].type == "arglist":
            inside = parts(inside[0])
        return [each for each in inside if not is_operator(each, ",")]

    def keyword(self, name: str) -> Node | None:
        """The argument ``name=…``."""
        return next((each for each in self.arguments if keyword_of(each) == name), None)


def keyword_of(argument: Node) -> str | None:
    """The name of ``name=value``; None of any other argument."""
    if argument.type == "argument" and is_operator(parts(argument)[1], "="):
        return code_of(parts(argument)[0])
    return None


def value_of(argument: Node) -> str:
    """The value of ``name=value``, as it is written."""
    return code_of(parts(argument)[2])


class Concrete:
    """One file.

    Args:
        path: Its path, for edits.
        text: What is in it.
    """

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = whole_lines(text)
        self.tree = _parsed(text)
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def statement(self, line: int) -> Node | None:
        """The innermost simple statement that covers the line; None where it does not stand on lines of its own."""
        if not 0 < line <= len(self._lines):
            return None
        node = _leaf_at(self.tree, (line, len(self._line(line).rstrip())))
        while node is not None and node.type != "simple_stmt":
            node = node.parent
        if node is None or node.parent is None or node.parent.type not in _BLOCKS:
            return None
        alone = sum(is_operator(each, ";") for each in parts(node)) == 0
        return node if alone and node.start_pos[0] <= line else None

    def calls(self, *lines: int) -> Iterator[Call]:
        """Calls whose opening parenthesis stands on one of the lines; of the whole file without any."""
        for node in _nodes(self.tree):
            if node.type in _CALLED:
                for index, part in enumerate(parts(node)):
                    if is_call(part) and (not lines or part.start_pos[0] in lines):
                        yield Call(node, index)

    def lines_of(self, line: int) -> range:
        """The lines of the statement that covers a line; the line alone where there is none."""
        statement = self.statement(line)
        if statement is None:
            return range(line, line + 1)
        return range(statement.start_pos[0], statement.get_last_leaf().start_pos[0] + 1)

    def flag(self, name: str, line: int) -> tuple[Call, Node] | None:
        """The call and its argument ``name=True``, where the statement of a line has one such."""
        found = [
            (call, argument)
            for call in self.calls(*self.lines_of(line))
            if (argument := call.keyword(name)) is not None and value_of(argument) == "True"
        ]
        return found[0] if len(found) == 1 else None

    def without_flag(self, name: str, line: int, *, is_safe: bool) -> Fix | None:
        """Take that argument out; None where there is not exactly one."""
        found = self.flag(name, line)
        if found is None:
            return None
        return Fix(title=f"Drop `{name}=True`", edits=(self.remove_argument(*found),), is_safe=is_safe)

    def nodes(self, within: Node | None = None) -> Iterator[Node]:
        """Every node and leaf, in the order of the text."""
        return _nodes(self.tree if within is None else within)

    def attributes_of(self, name: str, line: int) -> Iterator[str]:
        """What ``.name`` is asked of on the statement of a line: ``x`` of ``x.grad``."""
        lines = self.lines_of(line)
        for node in _nodes(self.tree):
            if node.type in _CALLED and node.start_pos[0] in lines:
                for index, part in enumerate(parts(node)):
                    if part.type == "trailer" and code_of(part) == f".{name}":
                        yield "".join(each.get_code() for each in parts(node)[:index]).strip()

    def indent_of(self, statement: Node) -> str:
        """White space before the statement."""
        line = self._line(statement.start_pos[0])
        return line[: statement.start_pos[1]]

    def insert_before(self, statement: Node, text: str) -> Edit:
        """A statement of its own, on a line of its own, before another one."""
        line, column = statement.start_pos
        return self._edit((line, column), (line, column), f"{text}{self.newline}{self.indent_of(statement)}")

    def insert_after(self, statement: Node, text: str) -> Edit:
        """The same after another one."""
        last = statement.get_last_leaf()
        line = last.start_pos[0]  # the newline's
        at = (line, len(self._line(line).rstrip("\r\n")))
        return self._edit(at, at, f"{self.newline}{self.indent_of(statement)}{text}")

    def replace(self, node: Node, text: str) -> Edit:
        """Other text in the place of an expression; comments before it stay."""
        return self._edit(node.start_pos, node.end_pos, text)

    def insert_at(self, position: tuple[int, int], text: str) -> Edit:
        """Text at a position of parso's: line from 1, column from 0."""
        return self._edit(position, position, text)

    def remove_argument(self, call: Call, argument: Node) -> Edit:
        """Take an argument out, with the comma that it does not need."""
        arguments = call.arguments
        index = next(number for number, each in enumerate(arguments) if each is argument)
        if index:  # from the end of the one before
            return self._edit(arguments[index - 1].end_pos, argument.end_pos, "")
        if len(arguments) > 1:
            following = arguments[1]
            first = following.get_first_leaf()
            comma = first.get_previous_leaf()
            commented = "#" in first.get_code().partition(code_of(first))[0]
            end = comma.end_pos if commented and comma is not None else following.start_pos
            return self._edit(argument.start_pos, end, "")
        after = argument.get_last_leaf().get_next_leaf()
        end = after.end_pos if after is not None and is_operator(after, ",") else argument.end_pos
        return self._edit(argument.start_pos, end, "")

    def _line(self, line: int) -> str:
        return self._lines[line - 1] if 0 < line <= len(self._lines) else ""

    def _edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> Edit:
        span = Span(line=start[0], column=start[1] + 1, end_line=end[0], end_column=end[1] + 1)
        return Edit(path=self._path, span=span, text=text)


def is_operator(node: Node, text: str) -> bool:
    """It is this sign."""
    return node.type == "operator" and code_of(node) == text


def is_call(part: Node) -> bool:
    """It is the parentheses of a call."""
    return part.type == "trailer" and is_operator(parts(part)[0], "(")


def assignment_of(statement: Node) -> tuple[Node, str, Node] | None:
    """Target, sign and value of ``a = b`` or ``a += b``; None of any other statement."""
    expression = parts(statement)[0]
    if expression.type != "expr_stmt" or len(parts(expression)) != len(("target", "sign", "value")):
        return None
    target, sign, value = parts(expression)
    return target, code_of(sign), value


def function_of(node: Node) -> Node | None:
    """The innermost function or module around a node."""
    found = node.parent
    while found is not None and found.type not in {"funcdef", "file_input"}:
        found = found.parent
    return found


def code_of(node: Node) -> str:
    """As it is written, without what comes before it."""
    return node.get_code(include_prefix=False)


def _nodes(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        each = todo.pop()
        yield each
        todo.extend(reversed(parts(each)))


def _leaf_at(tree: Node, position: tuple[int, int]) -> Node | None:
    find: Callable[..., Node | None] = cast("Any", tree).get_leaf_for_position
    return find(position, include_prefixes=True)


@functools.lru_cache(maxsize=16)
def _parsed(text: str) -> Node:
    parse: Callable[[str], Node] = cast("Any", parso).parse
    return parse(text)

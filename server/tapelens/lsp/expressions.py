"""The expression under a cursor: a name, its attributes and constant subscripts. Nothing is evaluated."""

from __future__ import annotations

import ast
import contextlib
import io
import keyword
import token
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

Token = tokenize.TokenInfo

_PASSED_OVER = frozenset({token.NL, token.COMMENT, token.INDENT, token.DEDENT})


@dataclass(frozen=True, kw_only=True)
class Pointed:
    """What the cursor points at.

    Attributes:
        chain: From the name alone to the whole: ``("self", "self.w", "self.w.grad")``, spelled as
            ``canonical`` spells it.
        line: Of the expression, from 1; it begins and ends there.
        column: First character, from 0.
        end_column: After the last character.
    """

    chain: tuple[str, ...]
    line: int
    column: int
    end_column: int

    @property
    def text(self) -> str:
        """The whole."""
        return self.chain[-1]


def canonical(text: str) -> str | None:
    """One spelling for each chain of a name, attributes and constant subscripts; None for all else."""
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    return ast.unparse(tree) if _is_chain(tree) else None


def pointed_at(source: str, line: int, column: int) -> Pointed | None:
    """The chain that ends at the word under the cursor.

    Half-typed text is normal: tokens up to the first that cannot be read are enough, and beyond it
    the cursor's line is read alone.

    The line counts from 1; the column counts characters from 0 and may stand just after a word.
    """
    tokens = _tokens(source)
    here = _index_at(tokens, line, column)
    if here is None and (not tokens or tokens[-1].end < (line, column)):
        lines = source.splitlines()
        if line > len(lines):
            return None
        indent = len(lines[line - 1]) - len(lines[line - 1].lstrip())
        alone = _tokens(lines[line - 1][indent:])
        tokens = [
            each._replace(start=(line, each.start[1] + indent), end=(line, each.end[1] + indent))
            for each in alone
            if each.start[0] == 1 and each.end[0] == 1
        ]
        here = _index_at(tokens, line, column)
    if here is None:
        return None
    return _chain_to(tokens, here)


@lru_cache(maxsize=8)
def _tokens(source: str) -> list[Token]:
    """Tokens up to the first that cannot be read."""
    found: list[Token] = []
    every = tokenize.generate_tokens(io.StringIO(source).readline)
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        found.extend(each for each in every if each.type not in _PASSED_OVER)
    return found


def _index_at(tokens: Sequence[Token], line: int, column: int) -> int | None:
    """Index of the token under the cursor; where two touch, the one with more to say."""
    touching = [
        index
        for index, each in enumerate(tokens)
        if each.start <= (line, column) <= each.end and each.string.strip() and each.start[0] == each.end[0]
    ]
    words = [index for index in touching if tokens[index].type in {token.NAME, token.NUMBER, token.STRING}]
    return (words or touching or [None])[0]


def _chain_to(tokens: Sequence[Token], here: int) -> Pointed | None:
    last = here if tokens[here].type == token.NAME else _subscript_around(tokens, here)
    if last is None:
        return None
    first = _start_of_chain(tokens, last)
    if first is None or tokens[first].start[0] != tokens[last].end[0]:
        return None
    text = "".join(each.string for each in tokens[first : last + 1])
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    if not _is_chain(tree):
        return None
    steps: list[str] = []
    step: ast.expr = tree
    while isinstance(step, ast.Attribute | ast.Subscript):
        steps.append(ast.unparse(step))
        step = step.value
    return Pointed(
        chain=(ast.unparse(step), *reversed(steps)),
        line=tokens[first].start[0],
        column=tokens[first].start[1],
        end_column=tokens[last].end[1],
    )


def _subscript_around(tokens: Sequence[Token], here: int) -> int | None:
    """Index of the ``]`` of the constant subscript that the token at ``here`` is part of."""
    for close in range(here, min(here + 4, len(tokens))):
        if tokens[close].string == "]":
            opening = _opening(tokens, close)
            return close if opening is not None and opening <= here else None
    return None


def _opening(tokens: Sequence[Token], close: int) -> int | None:
    """Index of the ``[`` of a subscript that holds nothing but a constant."""
    inside = close - 1
    if inside < 1 or tokens[inside].type not in {token.NUMBER, token.STRING}:
        return None
    if tokens[inside].type == token.NUMBER and tokens[inside - 1].string == "-":
        inside -= 1
    opening = inside - 1
    return opening if opening >= 0 and tokens[opening].string == "[" else None


def _start_of_chain(tokens: Sequence[Token], last: int) -> int | None:
    """Index of the name that the chain ending at ``last`` begins with."""
    index = last
    while index >= 0:
        each = tokens[index]
        if each.string == "]":
            opening = _opening(tokens, index)
            if opening is None:
                return None
            index = opening - 1
            continue
        if each.type != token.NAME or keyword.iskeyword(each.string):
            return None
        if index < 1 or tokens[index - 1].string != ".":
            return index
        index -= 2
    return None


def _is_chain(tree: ast.expr) -> bool:
    match tree:
        case ast.Name():
            return True
        case ast.Attribute():
            return _is_chain(tree.value)
        case ast.Subscript(slice=ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant())):
            return _is_chain(tree.value)
        case _:
            return False

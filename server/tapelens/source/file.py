"""One file's text and tree."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..wire.findings import Finding
from ..wire.sites import Site, Span

if TYPE_CHECKING:
    from .flow.entries import Trace
    from .project import Project


_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class SourceFile:
    """A file, parsed once; twins share what is found out about it.

    Attributes:
        path: Absolute, as findings will name it.
        text: The whole text, decoded.
        tree: Its module; None when it cannot be parsed.
        error: Why it cannot be parsed; None when it can.
        project: Where its imports may lead; None to look at this file alone.
    """

    def __init__(self, path: str, text: str, project: Project | None = None) -> None:
        self.path = path
        self.text = text
        self.project = project
        self.tree: ast.Module | None = None
        self.error: SyntaxError | None = None
        try:
            self.tree = _parse(text)
        except SyntaxError as error:
            self.error = error

    @classmethod
    def read(cls, path: str | Path, project: Project | None = None) -> SourceFile:
        """A file from disk, decoded as Python decodes it.

        Raises:
            OSError: It cannot be read.
        """
        data = Path(path).read_bytes()
        try:
            text = decode(data)
        except SyntaxError as error:
            broken = cls(str(path), data.decode(errors="replace"), project)
            broken.tree, broken.error = None, error
            return broken
        return cls(str(path), text, project)

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, without their ends, as Python counts them."""
        return lines_of(self.text)

    def span(self, node: ast.AST) -> Span:
        """Where a node stands, in characters: the tree counts bytes of UTF-8."""
        line: int = getattr(node, "lineno", 1)
        end_line: int = getattr(node, "end_lineno", None) or line
        return Span(
            line=line,
            column=self._column(line, getattr(node, "col_offset", 0)),
            end_line=end_line,
            end_column=self._column(end_line, getattr(node, "end_col_offset", None) or 0),
        )

    def site(self, node: ast.AST) -> Site:
        """Where a node begins, in the function that holds it."""
        line: int = getattr(node, "lineno", 1)
        return Site(path=self.path, line=line, function=self.function_at(line), in_library=False)

    def function_at(self, line: int) -> str:
        """Qualified name of the innermost function around a line, or ``<module>``."""
        name = "<module>"
        for first, last, qualified in self._functions:
            if first > line:
                break
            if line <= last:
                name = qualified
        return name

    @cached_property
    def traces(self) -> tuple[Trace, ...]:
        """What the ways through it do with autograd, followed once for all twins."""
        from .flow.entries import traces  # noqa: PLC0415 (the flow knows files)

        return traces(self)

    @cached_property
    def _functions(self) -> list[tuple[int, int, str]]:
        return sorted(_functions(self.tree, "")) if self.tree is not None else []

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if text.isascii():
            return offset + 1
        return len(text.encode()[:offset].decode(errors="ignore")) + 1


def lines_of(text: str) -> list[str]:
    """Lines without their ends, as Python counts them: a form feed ends none. The last one may be empty."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def whole_lines(text: str) -> list[str]:
    """Lines with their ends, as Python counts them."""
    return _LINE.findall(text)


SourceTwin = Callable[[SourceFile], Iterator[Finding]]
"""What a rule's ``source`` module offers under the name that its declaration gives."""


def decode(data: bytes) -> str:
    """Text of a source file: its byte order mark or coding line decides, else UTF-8.

    Raises:
        SyntaxError: The coding is unknown, or the bytes are not of it.
    """
    from io import BytesIO  # noqa: PLC0415 (the editor's files are text already)
    from tokenize import detect_encoding  # noqa: PLC0415

    encoding, _ = detect_encoding(BytesIO(data).readline)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SyntaxError(f"not {encoding}: {error.reason} at byte {error.start}") from error


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes and comparisons: the user's compiler says them
        try:
            return ast.parse(text)
        except SyntaxError:
            raise
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise SyntaxError(str(error) or "nested too deeply") from error


def _functions(tree: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.lineno, node.end_lineno or node.lineno, prefix + node.name
                yield from _functions(node, f"{prefix}{node.name}.<locals>.")
            case ast.ClassDef():
                yield from _functions(node, f"{prefix}{node.name}.")
            case ast.stmt() | ast.ExceptHandler() | ast.match_case():
                yield from _functions(node, prefix)
            case _:
                pass

"""Operations whose backward can turn finite into NaN or infinite, and how they are written."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterable, Iterator
from types import FrameType

from ...wire.sites import Site
from ..sites import written_site

FRAGILE: dict[str, tuple[str, ...]] = {
    "SqrtBackward0": ("sqrt", "sqrt_"),
    "RsqrtBackward0": ("rsqrt", "rsqrt_"),
    "LogBackward0": ("log", "log_"),
    "Log2Backward0": ("log2", "log2_"),
    "Log10Backward0": ("log10", "log10_"),
    "Log1PBackward0": ("log1p", "log1p_"),
    "DivBackward0": ("/", "div", "div_", "true_divide"),
    "ReciprocalBackward0": ("reciprocal", "reciprocal_", "/"),
    "PowBackward0": ("**", "pow", "pow_"),
    "PowBackward1": ("**", "pow", "pow_"),
    "ExpBackward0": ("exp", "exp_"),
    "Expm1Backward0": ("expm1", "expm1_"),
    "NormBackward0": ("norm",),
    "NormBackward1": ("norm",),
    "NormBackward2": ("norm",),
    "LinalgVectorNormBackward0": ("norm", "vector_norm"),
    "LinalgMatrixNormBackward0": ("matrix_norm",),
    "StdBackward0": ("std",),
    "StdMeanBackward0": ("std_mean",),
    "AcosBackward0": ("acos", "arccos"),
    "AsinBackward0": ("asin", "arcsin"),
    "AcoshBackward0": ("acosh", "arccosh"),
    "AtanhBackward0": ("atanh", "arctanh"),
    "Atan2Backward0": ("atan2", "arctan2"),
    "TanBackward0": ("tan",),
    "XlogyBackward0": ("xlogy",),
    "LogitBackward0": ("logit",),
    "CdistBackward0": ("cdist",),
    "EuclideanDistBackward0": ("cdist",),
    "PdistBackward0": ("pdist",),
    "LogsumexpBackward0": ("logsumexp",),
    "ProdBackward0": ("prod",),
    "CumprodBackward0": ("cumprod",),
    "LinalgSvdBackward0": ("svd",),
    "LinalgEighBackward0": ("eigh",),
    "LinalgInvExBackward0": ("inv", "inverse"),
    "BinaryCrossEntropyBackward0": ("binary_cross_entropy",),
}
"""By the type of node. Others overflow only where what lies above them is spoilt or huge already."""


def line_of(node: str, frames: list[FrameType]) -> Site | None:
    """The line that makes such nodes: of the innermost function that has one, and no other line of it does."""
    names = FRAGILE.get(node) or (node.removesuffix("0").removesuffix("Backward").lower(),)
    scopes: list[tuple[str, int | None]] = [(each.f_code.co_filename, each.f_code.co_firstlineno) for each in frames]
    scopes += [(file, None) for file in dict.fromkeys(file for file, _ in scopes)]
    for file, first in scopes:
        found = {line: function for function, line in _written(file, first, names)}
        if len(found) > 1:
            return None
        for line, function in found.items():
            return written_site(file, line, function)
    return None


def _written(file: str, first: int | None, names: Iterable[str]) -> Iterator[tuple[str, int]]:
    wanted = set(names)
    for scope in _scopes(file):
        if first is None or scope.first == first:
            for name, line in scope.operations:
                if name in wanted:
                    yield scope.function, line


class _Scope:
    """A function of a file, or what of it lies outside functions."""

    def __init__(self, function: str, first: int) -> None:
        self.function = function
        self.first = first
        self.operations: list[tuple[str, int]] = []


class _Reader(ast.NodeVisitor):
    def __init__(self) -> None:
        self.scopes = [_Scope("<module>", 1)]
        self._inside = [self.scopes[0]]
        self._names: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
        scope = _Scope(".".join([*self._names, node.name]), first)
        self.scopes.append(scope)
        self._inside.append(scope)
        self._names += [node.name, "<locals>"]
        self.generic_visit(node)
        del self._names[-2:]
        self._inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        self._note(name, node)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        sign = "/" if isinstance(node.op, ast.Div) else "**" if isinstance(node.op, ast.Pow) else ""
        if not isinstance(node.right, ast.Constant) or (
            isinstance(node.op, ast.Pow) and _is_fraction(node.right.value)
        ):
            self._note(sign, node)
        self.generic_visit(node)

    def _note(self, name: str, node: ast.expr) -> None:
        if name:
            self._inside[-1].operations.append((name, node.lineno))


def _is_fraction(value: object) -> bool:
    return isinstance(value, float) and value < 1


@functools.lru_cache(maxsize=16)
def _read(text: str) -> tuple[_Scope, ...]:
    reader = _Reader()
    try:
        reader.visit(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(reader.scopes)


def _scopes(file: str) -> tuple[_Scope, ...]:
    return _read("".join(linecache.getlines(file)))

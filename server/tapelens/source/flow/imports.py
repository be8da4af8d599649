"""Imports: torch's names, files of the project, and names of whatever else."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ..file import SourceFile
from .run import Frame, Run
from .values import Named, Scope, Value

_FILES = 40


@dataclass(slots=True, eq=False)
class Script(Value):
    """A file of the project, imported."""

    scope: Scope
    name: str


def import_names(run: Run, node: ast.Import) -> None:
    """``import a.b``, ``import a.b as c``."""
    names = run.frame.scope.names
    for alias in node.names:
        if alias.asname is not None:
            names[alias.asname] = _module(run, alias.name, 0)
        else:
            top = alias.name.partition(".")[0]
            names[top] = _module(run, top, 0)


def import_from(run: Run, node: ast.ImportFrom) -> None:
    """``from a import b``, relative ones too."""
    names = run.frame.scope.names
    module = _module(run, node.module or "", node.level)
    for alias in node.names:
        if alias.name == "*":
            if isinstance(module, Script):
                names.update({name: value for name, value in module.scope.names.items() if not name.startswith("_")})
            continue
        bound = alias.asname or alias.name
        if isinstance(module, Script):
            found = module.scope.names.get(alias.name)
            if found is None:
                inner = f"{node.module}.{alias.name}" if node.module else alias.name
                found = _module(run, inner, node.level)
            names[bound] = found
        elif isinstance(module, Named):
            names[bound] = Named(canonical(f"{module.name}.{alias.name}"))


def canonical(name: str) -> str:
    """One name for what torch has under several."""
    for long, short in _SAME:
        if name == long or name.startswith(long + "."):
            return short + name[len(long) :]
    return name


_SAME = (
    ("torch.nn.modules", "torch.nn"),
    ("torch.autograd.Variable", "torch.Variable"),
    ("torch.cuda.amp", "torch.amp"),
    ("torch.cpu.amp", "torch.amp"),
    ("torch.nn.utils.clip_grad", "torch.nn.utils"),
    ("torch.optim.optimizer.Optimizer", "torch.optim.Optimizer"),
)


def _module(run: Run, name: str, level: int) -> Value:
    file = _file(run, name, level)
    if file is None or file.tree is None:
        return Named(canonical(name if not level else f"?.{name}"))
    return Script(_load(run, file), name)


def _file(run: Run, name: str, level: int) -> SourceFile | None:
    importer = run.frame.file
    if importer.project is None or name.partition(".")[0] == "torch" or len(run.scripts) >= _FILES:
        return None
    return importer.project.module(name, level=level, importer=importer.path)


def _load(run: Run, file: SourceFile) -> Scope:
    """What the file's names hold; what it does as it is imported is its own matter."""
    known = run.scripts.get(file.path)
    if known is not None:
        return known
    scope = run.scripts[file.path] = Scope(None)
    assert file.tree is not None
    kept = run.frame, run.acts, run.guards, run.loops, run.grad, run.calls
    run.frame, run.acts = Frame(file, scope), []
    scope.names["__name__"] = Named("__imported__")
    try:
        run.block(file.tree.body)
    finally:
        run.frame, run.acts, run.guards, run.loops, run.grad, run.calls = kept
    return scope

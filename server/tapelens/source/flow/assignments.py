"""Assignments: to names, attributes and items, augmented ones, and deletions."""

from __future__ import annotations

import ast

from .acts import Cleared, Emptied, Escaped, GradWritten, Kept, Loaded, Placed, Tied, Updated
from .arithmetic import combine, saves_operands
from .guesses import by_name
from .run import Run
from .values import (
    Choice,
    Const,
    Grad,
    Instance,
    Items,
    Module,
    Node,
    Opaque,
    Optimizer,
    Params,
    Scaler,
    Tensor,
    Value,
    join,
)
from .writes import updates, write_in_place

_NAMED = (Module, Optimizer, Scaler, Instance, Items)


def assign(run: Run, target: ast.expr, value: Value, at: ast.AST) -> None:
    """Bind a value."""
    match target:
        case ast.Name(id=name):
            _bind(run, name, value, at)
        case ast.Attribute(value=owner, attr=name):
            _set(run, run.evaluate(owner), name, value, at, target)
        case ast.Subscript():
            _put(run, target, value, at)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            _spread(run, parts, value, at)
        case ast.Starred(value=inner):
            assign(run, inner, Opaque(reach=(value,)), at)
        case _:
            pass


def _bind(run: Run, name: str, value: Value, at: ast.AST) -> None:
    value = _guessed(run, name, value, at)
    scope = run.frame.scope.public.get(name, run.frame.scope)
    before = scope.names.get(name)
    if isinstance(value, Tensor):
        if not value.name:
            value.name = name
        if value.grad is not False and isinstance(before, Tensor):
            _tie(run, name, value, before, at)
        if isinstance(before, Tensor) and before.name == name and _takes_its_place(value, before):
            value.lost = before
    elif isinstance(value, _NAMED) and not value.variable:
        value.variable = name
    scope.names[name] = value if scope is run.frame.scope or not run.guards else join((before, value))


def _guessed(run: Run, name: str, value: Value, at: ast.AST) -> Value:
    """What nobody can tell, by the name that it gets."""
    if not isinstance(value, Opaque) or value.pure:
        return value
    guess = by_name(run, name, run.place(at))
    match guess:
        case Optimizer():
            guess.held = (Opaque(reach=value.reach),)
        case Module():
            guess.parts.append(Opaque(reach=value.reach))
        case Scaler():
            guess.sure = False
        case _:
            return value
    return guess


def _tie(run: Run, name: str, value: Tensor, before: Tensor, at: ast.AST) -> None:
    """The variable's new value is made from its old one, of an earlier round."""
    old, new = before.node, value.node
    if not run.loops or value is before or old is None or new is None or old.loops == run.loops:
        return
    if any(node is old for node in new.walk(surely=True)):
        run.acts.append(Tied(run.now(at), name, value, before))


def _takes_its_place(value: Tensor, before: Tensor) -> bool:
    """A result of a leaf gets the leaf's own name."""
    if value.leaf is not False or value.node is None or not before.leaf or not before.grad:
        return False
    return any(parent.leaf is before for parent in value.node.parents)


def _spread(run: Run, parts: list[ast.expr], value: Value, at: ast.AST) -> None:
    if isinstance(value, Items) and value.whole and len(value.items) == len(parts) and not value.keys:
        for part, item in zip(parts, value.items, strict=True):
            assign(run, part, item, at)
        return
    for part in parts:
        assign(run, part, part_of(run, value, part, at), at)


def part_of(run: Run, value: Value, part: ast.AST, at: ast.AST) -> Value:
    """One of what is unpacked."""
    match value:
        case Tensor(sure=True):
            return run.tensor(at, value, saves=False)
        case Tensor():
            piece = run.tensor(at, value, sure=False)
            piece.cut = value.cut
            return piece
        case Items(items=items) if items:
            return join(items)
        case Params():
            return Params(value.of, single=True)
        case Choice(options=options):
            return join(part_of(run, option, part, at) for option in options)
        case Opaque():
            return value.part()
        case Const():
            return Opaque()
        case _:
            return Opaque(reach=(value,))


def _set(run: Run, owner: Value, name: str, value: Value, at: ast.AST, target: ast.AST) -> None:
    match owner:
        case Instance():
            value = _guessed(run, name, value, at)
            before = owner.attributes.get(name)
            if isinstance(value, Tensor):
                if value.grad is not False and isinstance(before, Tensor):
                    _tie(run, ast.unparse(target), value, before, at)
                if owner.is_entry and value.grad is not False:
                    run.acts.append(Escaped(run.now(at), value))
                written = ast.unparse(target)
                if not value.name:
                    value.name = written
                if isinstance(before, Tensor) and before.name == written and _takes_its_place(value, before):
                    value.lost = before
            elif isinstance(value, _NAMED) and not value.variable:
                value.variable = ast.unparse(target)
            if owner.is_module and isinstance(value, (Module, Instance)):
                run.acts.append(Placed(run.now(at), owner, name, value, before))
            owner.attributes[name] = value if before is None or not run.guards else join((before, value))
        case Module():
            before = owner.attributes.get(name)
            if name == "requires_grad":
                owner.frozen = None
            if isinstance(value, (Module, Instance)):
                run.acts.append(Placed(run.now(at), owner, name, value, before))
                if before is None:
                    owner.parts.append(value)
            owner.attributes[name] = value
        case Choice(options=options):
            for option in options:
                _set(run, option, name, value, at, target)
        case Tensor() | Params():
            _set_of_tensor(run, owner, name, value, at)
        case Grad():
            run.acts.append(GradWritten(run.now(at), (owner.of,)))
        case _:
            pass


def _set_of_tensor(run: Run, owner: Tensor | Params, name: str, value: Value, at: ast.AST) -> None:
    match name:
        case "grad":
            kind = Cleared if isinstance(value, Const) and value.value is None else GradWritten
            run.acts.append(kind(run.now(at), (owner,)))
        case "data":
            if updates(owner, value):
                run.acts.append(Updated(run.now(at), owner))
        case "requires_grad":
            _require(run, owner, value, at)
        case _:
            pass


def _require(run: Run, owner: Tensor | Params, value: Value, at: ast.AST) -> None:
    wanted = bool(value.value) if isinstance(value, Const) else None
    if isinstance(owner, Params):
        known = wanted is not None and not run.guards
        for each in owner.of:
            if isinstance(each, (Module, Instance)):
                each.frozen = (not wanted) if known else None
        run.acts.append(Loaded(run.now(at), owner.of))
    elif owner.leaf is not False:
        owner.grad = wanted
        owner.leaf = True
        if wanted:
            owner.node = Node(run.place(at), at=run.tick(), loops=run.loops, leaf=owner, saves=False)


def _put(run: Run, target: ast.Subscript, value: Value, at: ast.AST) -> None:
    owner = run.evaluate(target.value)
    key = run.evaluate(target.slice)
    match owner:
        case Items():
            owner.items.append(value)
            if owner.keys is not None and isinstance(key, Const):
                before = owner.keys.get(key.value)
                owner.keys[key.value] = value if before is None or not run.guards else join((before, value))
            else:
                owner.whole = False
                if isinstance(value, Tensor) and owner.kind == "dict":
                    run.acts.append(Kept(run.now(at), owner, value, ast.unparse(target.value)))
        case Module() | Instance():
            if isinstance(value, (Module, Instance)):
                run.acts.append(Placed(run.now(at), owner, ast.unparse(target), value, Opaque()))
                owner.parts.append(value)
        case Tensor():
            write_in_place(run, owner, value, at, how="[…] =")
            if isinstance(value, Tensor) and value.grad is not False and not (owner.leaf and owner.grad) and owner.sure:
                result = run.tensor(at, owner, value, saves=False, sure=value.sure)
                owner.grad, owner.leaf, owner.node = result.grad, result.leaf, result.node
        case Grad() | Params():
            write_in_place(run, owner, value, at, how="[…] =")
        case Choice(options=options):
            for option in options:
                if isinstance(option, (Tensor, Grad, Params)):
                    write_in_place(run, option, value, at, how="[…] =")
        case _:
            pass


def augment(run: Run, node: ast.AugAssign) -> None:
    """``x += y``: in place for tensors, anew for numbers."""
    before = run.evaluate(node.target)  # nobody looks at the context of a name
    value = run.evaluate(node.value)
    match before:
        case Grad() | Params():
            write_in_place(run, before, value, node, how=f"{_SIGNS.get(type(node.op), '')}=")
            return
        case Tensor(sure=True):
            if before.leaf and before.grad and run.grad is not None:
                write_in_place(run, before, value, node, how=f"{_SIGNS.get(type(node.op), '')}=")
                return
            result = run.tensor(node, before, value, saves=saves_operands(node.op, before, value))
            if (isinstance(value, Tensor) and value.sure) or isinstance(value, Const):
                result.storage = before.storage
                run.write(result, node, f"{_SIGNS.get(type(node.op), '')}=")
        case Items(kind="list"):
            kept = value.items if isinstance(value, Items) else [value]
            before.items.extend(kept)
            before.whole = False
            for each in kept:
                if isinstance(each, Tensor):
                    run.acts.append(Kept(run.now(node), before, each, ast.unparse(node.target)))
            return
        case _:
            result = combine(run, node, before, value, node.op)
    assign(run, node.target, result, node)


_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**"}


def forget(run: Run, target: ast.expr) -> None:
    """``del``."""
    match target:
        case ast.Name(id=name):
            run.frame.scope.names.pop(name, None)
        case ast.Attribute(value=owner, attr="grad"):
            run.acts.append(Cleared(run.now(target), (run.evaluate(owner),)))
        case ast.Subscript(value=owner):
            value = run.evaluate(owner)
            if isinstance(value, Items):
                run.acts.append(Emptied(run.now(target), value))
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                forget(run, part)
        case _:
            pass

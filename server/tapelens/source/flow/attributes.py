"""Attributes that are read."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .acts import GradRead
from .cuts import detached
from .guesses import by_name, is_optimizer
from .imports import Script, canonical
from .run import Run
from .tables import FACTS, OF_MODULES, OF_OPTIMIZERS, VIEWS
from .values import (
    Choice,
    Class,
    Const,
    Function,
    Grad,
    Handle,
    Instance,
    Items,
    Module,
    Named,
    Node,
    Opaque,
    Optimizer,
    Params,
    Scaler,
    Tensor,
    Value,
    join,
)

_FIELDS = ("values", "indices")
"""Of what ``max(dim)``, ``topk`` and their like give."""


@dataclass(slots=True, eq=False)
class Bound(Value):
    """A method of something that is not a function of the project."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class Super(Value):
    """``super()``."""

    cls: Class
    bound: Value


def attribute(run: Run, owner: Value, name: str, at: ast.AST) -> Value:
    """``owner.name``."""
    match owner:
        case Named():
            return Named(canonical(f"{owner.name}.{name}"))
        case Script():
            return owner.scope.names.get(name) or Opaque(name=name)
        case Tensor():
            return _of_tensor(run, owner, name, at)
        case Params():
            return _of_parameters(run, owner, name, at)
        case Grad():
            return owner if name in {"data", *VIEWS} else Opaque() if name in FACTS else Bound(owner, name)
        case Instance():
            return _of_instance(run, owner, name, at)
        case Module():
            return _of_module(run, owner, name, at)
        case Optimizer():
            if name == "param_groups":
                return Params((owner,))
            return Bound(owner, name) if name in OF_OPTIMIZERS else Opaque(reach=(owner,), name=name)
        case Class() if name == "apply" and owner.is_a(("torch.autograd.Function",)):
            return Bound(owner, name)
        case Class():
            return bind(owner.find(name), None, owner) or _inherited(owner, name)
        case Super():
            return _inherited_by(owner, name)
        case Choice(options=options):
            kept = [option for option in options if not (isinstance(option, Const) and option.value is None)]
            return join(attribute(run, option, name, at) for option in kept or options)
        case Items(kind="tuple", items=items) if name in _FIELDS and len(items) == len(_FIELDS):
            return items[_FIELDS.index(name)]
        case Items(kind="tuple") if name not in {"count", "index"}:  # torch's tuples have names
            return Opaque(reach=(owner,), name=name)
        case Items() | Scaler() | Handle():
            return Bound(owner, name)
        case Opaque():
            return _of_unknown(run, owner, name, at)
        case Const():
            return Opaque()
        case _:
            return Opaque(reach=(owner,), name=name)


def bind(found: Value | None, bound: Value | None, owner: Value) -> Value | None:
    """A function of a class, bound to an instance or to the class."""
    if not isinstance(found, Function) or isinstance(found.node, ast.Lambda):
        return found
    kinds = {each.id for each in found.node.decorator_list if isinstance(each, ast.Name)}
    if "staticmethod" in kinds:
        return found
    to = owner if "classmethod" in kinds else bound
    if to is None:
        return found
    return Function(
        found.file, found.node, found.scope, owner=found.owner, bound=to, plain=found.plain, no_grad=found.no_grad
    )


def _of_tensor(run: Run, owner: Tensor, name: str, at: ast.AST) -> Value:
    if name == "grad":
        keeps_none = owner.sure and owner.leaf is False and owner.grad is True and not owner.retains
        run.acts.append(GradRead(run.now(at), owner, of_nonleaf=keeps_none))
        return Grad(owner)
    if name == "data":
        if owner.leaf and owner.grad:
            return Params((owner,), single=True, is_data=True)
        return detached(run, owner, at, ".data", sure=owner.sure)
    if name in VIEWS:
        return run.tensor(at, owner, saves=False, sure=owner.sure)
    if name in FACTS:
        return Opaque()
    if owner.sure:
        return Bound(owner, name)
    if name in _OUTPUTS:
        return run.tensor(at, owner, sure=False)
    return Bound(owner, name)


_OUTPUTS = {"loss", "logits", "last_hidden_state", "sample", "pooler_output", "hidden_states", "x", "out", "output"}


def _of_parameters(run: Run, owner: Params, name: str, at: ast.AST) -> Value:
    if name == "grad":
        run.acts.append(GradRead(run.now(at), owner))
        return Grad(owner)
    if name == "data":
        return Params(owner.of, single=owner.single, over=owner.over, is_data=True)
    if name in VIEWS:
        return owner
    return Opaque() if name in FACTS else Bound(owner, name)


def _of_instance(run: Run, owner: Instance, name: str, at: ast.AST) -> Value:
    known = owner.attributes.get(name)
    if known is not None:
        return known
    found = owner.cls.find(name)
    if isinstance(found, Function) and not isinstance(found.node, ast.Lambda):
        kinds = {ast.unparse(each) for each in found.node.decorator_list}
        bound = bind(found, owner, owner.cls)
        if kinds & {"property", "cached_property", "functools.cached_property"} and isinstance(bound, Function):
            return run.call(bound, (), {}, at)
        return bound or Opaque()
    if found is not None:
        return found
    if name == "__class__":
        return owner.cls
    if owner.cls.is_known and not owner.is_module:
        return Opaque(reach=(owner,), name=name)
    if owner.is_module and name in OF_MODULES:
        return Bound(owner, name)
    if owner.is_entry:
        guess = by_name(run, name, run.place(at))
        if not isinstance(guess, Opaque):
            owner.attributes[name] = guess
            return guess
    return owner.attributes.setdefault(name, Opaque(reach=(owner,), name=name))


def _of_module(run: Run, owner: Module, name: str, at: ast.AST) -> Value:
    known = owner.attributes.get(name)
    if known is not None:
        return known
    if name in OF_MODULES:
        return Bound(owner, name)
    if name == "module":
        return owner
    if name in {"weight", "bias"}:
        return owner.attributes.setdefault(name, leaf_of(run, owner, at))
    if owner.name.endswith(_CONTAINERS) or owner.guessed:
        if is_optimizer(name):
            return Opaque(reach=(owner,), name=name)
        part = Module(run.place(at), name, guessed=True, has_parameters=None, loops=owner.loops)
        owner.attributes[name] = part
        owner.parts.append(part)
        return part
    return owner.attributes.setdefault(name, Opaque(reach=(owner,), name=name))


_CONTAINERS = ("Sequential", "ModuleList", "ModuleDict", "DataParallel", "resnet18", "resnet50")


def leaf_of(run: Run, owner: Value, at: ast.AST) -> Tensor:
    """A parameter of a module."""
    result = Tensor(run.place(at), grad=True, leaf=True, loops=run.loops, module=owner)
    if isinstance(owner, Module) and owner.frozen is not False:
        result.grad = result.leaf = None
    result.node = Node(run.place(at), at=run.tick(), loops=run.loops, leaf=result, module=owner, saves=False)
    return result


def _inherited(owner: Class, name: str) -> Value:
    for base in owner.all_bases():
        if isinstance(base, Named):
            return Named(f"{base.name}.{name}")
    return Opaque(name=name)


def _inherited_by(owner: Super, name: str) -> Value:
    for base in owner.cls.bases:
        if isinstance(base, Class):
            found = base.find(name)
            if found is not None:
                return bind(found, owner.bound, base) or Opaque()
    if isinstance(owner.bound, (Optimizer, Module)) or (isinstance(owner.bound, Instance) and owner.bound.is_module):
        return Bound(owner.bound, f"super().{name}" if name not in OF_MODULES else name)
    known = all(
        isinstance(base, Class) or base.name in {"object", "abc.ABC"}
        for base in owner.cls.bases
        if isinstance(base, (Class, Named))
    )
    return Opaque(reach=() if known or name == "__init__" else (owner.bound,), name=name, pure=name == "__init__")


def _of_unknown(run: Run, owner: Opaque, name: str, at: ast.AST) -> Value:
    if is_optimizer(name) and owner.name in {"self", "trainer", "args", "state", "engine", "agent", "ctx", "cfg"}:
        return by_name(run, name, run.place(at))
    return Bound(owner, name)

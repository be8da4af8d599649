"""Backwards."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Literal

from .acts import Backward
from .run import Run
from .values import Choice, Const, Items, Node, Opaque, Tensor, Value


def backward(
    run: Run,
    root: Value,
    args: Sequence[Value],
    keywords: Mapping[str, Value],
    node: ast.AST,
    *,
    kind: Literal["backward", "grad"] = "backward",
) -> Value:
    """Run a root backward.

    Args:
        run: The way.
        root: What is run.
        args: Those after the root: gradient, retain_graph, create_graph, inputs.
        keywords: The same, named.
        node: The call.
        kind: Of call.
    """
    position = {"gradient": 0, "retain_graph": 1, "create_graph": 2, "inputs": 3}
    if kind == "grad":
        position = {"inputs": 0, "gradient": 1, "retain_graph": 2, "create_graph": 3}

    def given(name: str) -> Value | None:
        place = position[name]
        return keywords.get(name) or (args[place] if place < len(args) else None)

    create = _flag(given("create_graph"), "**" in keywords)
    retain = _flag(given("retain_graph"), "**" in keywords)
    if retain is False and given("retain_graph") is None and create is not False:
        retain = create if create is None else None
    run.makes_graphs = run.makes_graphs or create is not False
    gradient = given("gradient") or keywords.get("grad_outputs")
    run.acts.append(
        Backward(
            run.now(node),
            root,
            retain=retain,
            create=create,
            kind=kind,
            has_inputs=given("inputs") is not None,
            inputs=() if given("inputs") is None else (given("inputs") or Opaque(),),
            has_gradient=gradient is not None and not (isinstance(gradient, Const) and gradient.value is None),
            is_cut=isinstance(root, Tensor) and root.grad is False and (root.sure or root.cut is not None),
            is_leaf=isinstance(root, Tensor) and bool(root.grad and root.leaf),
            nodes=nodes_of(root),
        )
    )
    if isinstance(root, Tensor) and root.grad is None:
        root.grad, root.leaf = True, False
    if isinstance(root, Tensor) and root.grad is False and root.sure:
        run.raises()
    return Const(None)


def gradients(run: Run, args: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST) -> Value:
    """``autograd.grad``."""
    root = args[0] if args else keywords.get("outputs", Opaque())
    inputs = args[1] if len(args) > 1 else keywords.get("inputs", Opaque())
    backward(run, root, args[1:], {"inputs": inputs, **keywords}, node, kind="grad")
    create = _flag(keywords.get("create_graph"), "**" in keywords)
    made: list[Value] = []
    sources = inputs.items if isinstance(inputs, Items) and inputs.whole else [inputs]
    for source in sources:
        result = run.tensor(node, root, saves=None) if create is not False else Tensor(run.place(node), False, True)
        result.of_grad = (source,)
        made.append(result)
    whole = not (isinstance(inputs, Items) and not inputs.whole) and isinstance(inputs, (Items, Tensor))
    return Items("tuple", made, whole=whole, loops=run.loops)


def nodes_of(root: Value) -> tuple[Node, ...] | None:
    """The nodes where it begins; None where they are unknown."""
    match root:
        case Tensor(node=Node() as node):
            return (node,)
        case Tensor(grad=False):
            return ()
        case Items(items=items, whole=True):
            found: list[Node] = []
            for item in items:
                nodes = nodes_of(item)
                if nodes is None:
                    return None
                found.extend(nodes)
            return tuple(found)
        case Choice(options=options):
            found = []
            for option in options:
                nodes = () if isinstance(option, Const) else nodes_of(option)
                if nodes is None:
                    return None
                found.extend(nodes)
            if not found:
                return ()
            some = found[0]
            return (Node(some.place, at=some.at, loops=some.loops, perhaps=tuple(found), sure=False),)
        case _:
            return None


def _flag(value: Value | None, is_open: bool) -> bool | None:  # noqa: FBT001 (whether ``**`` may bring it)
    if value is None:
        return None if is_open else False
    if isinstance(value, Const):
        return bool(value.value)
    return None

"""Calls of modules."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from .acts import Forward
from .attributes import bind
from .run import Run
from .values import Function, Instance, Items, Module, Named, Tensor, Value

_TUPLES = {"LSTM", "GRU", "RNN", "MultiheadAttention", "LSTMCell"}
_SAVES_NOTHING = {"Identity", "Flatten", "Unflatten"}


def forward(
    run: Run, module: Module | Instance, args: Sequence[Value], keywords: Mapping[str, Value], node: ast.AST
) -> Value:
    """``module(…)``."""
    run.acts.append(Forward(run.now(node), module, run.grad))
    if isinstance(module, Instance):
        function = bind(module.cls.find("forward"), module, module.cls)
        if isinstance(function, Function):
            return run.call(function, args, keywords, node)
    given = flattened((*args, *keywords.values()))
    if isinstance(module, Module) and not module.guessed:
        name = module.name.rpartition(".")[2]
        uses = module if module.has_parameters and module.frozen is False else None
        result = run.tensor(
            node,
            *given,
            saves=name not in _SAVES_NOTHING,
            module=uses,
            keeps_parameters=uses is not None and _keeps(module, given),
        )
        if module.has_parameters and module.frozen is not False and result.grad is False and run.grad is not False:
            result.grad = result.leaf = None
        if module.has_parameters is None and result.grad is False and run.grad is not False:
            result.grad = result.leaf = None
        if name in _TUPLES:
            state = result if name != "LSTM" else Items("tuple", [result, result], loops=run.loops)
            return Items("tuple", [result, state], loops=run.loops)
        return result
    result = run.tensor(node, *given, sure=False, saves=True if given else None, module=module)
    if result.grad is True and not any(isinstance(each, Tensor) and each.grad for each in given):
        result.grad = result.leaf = None
    return result


def flattened(values: Sequence[Value]) -> list[Value]:
    """Tensors among these, those in lists too."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, Items):
            found.extend(flattened(value.items))
        elif not isinstance(value, Named):
            found.append(value)
    return found


def _keeps(module: Module, given: Sequence[Value]) -> bool:
    """Whether it surely saved its weights: a layer does for an input that needs a gradient, layers in a row do."""
    name = module.name.rpartition(".")[2]
    if any(isinstance(each, Tensor) and each.grad for each in given):
        return name not in {"Embedding", "EmbeddingBag"}
    layers = [part for part in module.parts if isinstance(part, Module) and part.name.rpartition(".")[2] == "Linear"]
    return name == "Sequential" and len(layers) > 1

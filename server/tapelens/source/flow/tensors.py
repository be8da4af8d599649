"""Methods of tensors, parameters and gradients."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from .acts import Hooked, Loaded
from .arithmetic import as_operand
from .backwards import backward
from .cuts import cut, detached
from .run import Run
from .tables import CUTS, NUMBERS, SAVES_OPERAND, SAVES_RESULT, saves
from .values import Const, Grad, Handle, Instance, Items, Module, Named, Node, Opaque, Params, Tensor, Value
from .writes import write_in_place

Args = Sequence[Value]
Keywords = Mapping[str, Value]

_DTYPES = {"float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16"}
_PAIRS = {"max", "min", "topk", "sort", "median", "mode", "kthvalue", "cummax", "cummin"}


def of_tensor(run: Run, tensor: Tensor, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    """``tensor.name(…)``."""
    match name:
        case "backward":
            return backward(run, tensor, args, keywords, node)
        case "detach":
            return detached(run, tensor, node, ".detach()", sure=tensor.sure)
        case "detach_":
            tensor.cut = cut(run, (tensor,), node, ".detach_()")
            tensor.grad, tensor.leaf, tensor.node = False, True, None
            return tensor
        case "requires_grad_":
            return _require(run, tensor, args, node)
        case "as_subclass":
            return Opaque(reach=(tensor,))
        case "retain_grad":
            tensor.retains = True
            return Const(None)
        case _ if name.startswith("register_") and name.endswith("hook"):
            call = run.place(node)
            run.acts.append(Hooked(run.now(node), tensor, call, name))
            return Handle(call)
        case _ if name in CUTS:
            return detached(run, tensor, node, f".{name}()", sure=tensor.sure and name not in NUMBERS)
        case (
            "size"
            | "dim"
            | "numel"
            | "stride"
            | "data_ptr"
            | "element_size"
            | "is_contiguous"
            | "nelement"
            | "get_device"
        ):
            return Opaque()
        case "float" | "double" | "half" | "bfloat16" | "to" | "cuda" | "cpu" | "type" | "type_as":
            return _converted(run, tensor, name, args, node)
        case _ if not tensor.sure and tensor.cut is None and name not in _OF_TENSORS_ONLY and saves(name) is None:
            return None
        case _ if name.endswith("_") and not name.endswith("__"):
            return _in_place(run, tensor, name, args, keywords, node)
        case _:
            known = saves(name) is not None or name in _KNOWN
            return operation(run, name, (tensor, *args, *keywords.values()), node, sure=tensor.sure and known)


_KNOWN = {"mul", "div", "multiply", "divide", "true_divide", "apply", "pin_memory", "requires_grad", "index", "scatter"}
_OF_TENSORS_ONLY = {"squeeze", "unsqueeze", "mean", "sum", "view", "reshape"}


def operation(run: Run, name: str, given: Args, node: ast.AST, *, sure: bool) -> Value:
    """An operation that computes a new tensor."""
    operands: list[Value] = []
    for value in given:
        for each in value.items if isinstance(value, Items) else (value,):
            operand = as_operand(run, each, node)
            if not isinstance(operand, (Const, Named)):
                operands.append(operand)
    tensors = [each for each in operands if isinstance(each, Tensor)]
    kept = tuple(tensors[:1]) if name in SAVES_OPERAND and tensors and tensors[0].sure else ()
    result = run.tensor(node, *operands, saves=saves(name), sure=sure, keeps=kept)
    if name in SAVES_RESULT and result.node is not None:
        result.node.keeps = (result.storage,)
    if name in {"view", "reshape", "flatten", "squeeze", "unsqueeze", "transpose", "permute", "t", "narrow", "select"}:
        result.storage = tensors[0].storage if tensors else result.storage
    if name in _PAIRS and len(given) > 1:
        return Items("tuple", [result, detached(run, result, node, f"the indices of .{name}()")], loops=run.loops)
    if name in {"split", "chunk", "unbind"}:
        return Items("tuple", [result], whole=False, loops=run.loops)
    return result


def _require(run: Run, tensor: Tensor, args: Args, node: ast.AST) -> Value:
    wanted = args[0] if args else Const(True)
    if isinstance(wanted, Const) and wanted.value and tensor.leaf:
        tensor.grad = True
        tensor.node = Node(run.place(node), at=run.tick(), loops=run.loops, leaf=tensor, saves=False)
    elif not (isinstance(wanted, Const) and wanted.value):
        tensor.grad = tensor.leaf = None
    return tensor


def _converted(run: Run, tensor: Tensor, name: str, args: Args, node: ast.AST) -> Value:
    """Another dtype or device: the same tensor if it has them already."""
    wanted = _DTYPES.get(name, "")
    if name in {"to", "type"}:
        kinds = [each.name.removeprefix("torch.") for each in args if isinstance(each, Named)]
        wanted = next((kind for kind in kinds if kind in _DTYPES.values()), "")
    moves = name == "cuda" or (
        name == "to" and any(isinstance(each, Const) and str(each.value).startswith("cuda") for each in args)
    )
    changes = moves or bool(wanted and tensor.dtype and wanted != tensor.dtype)
    result = run.tensor(node, tensor, saves=False, sure=tensor.sure)
    result.dtype = wanted or tensor.dtype
    if not changes:
        if tensor.leaf:
            return tensor  # perhaps another one: nobody knows
        result.storage = tensor.storage
    if tensor.cut is not None and result.cut is None:
        result.cut = tensor.cut
    return result


def _in_place(run: Run, tensor: Tensor, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value:
    given = [as_operand(run, each, node) for each in (*args, *keywords.values())]
    tensors = [each for each in given if isinstance(each, Tensor)]
    source = Tensor(run.place(node), grad=False, leaf=True)
    source.of_grad = tuple(each for tensor_ in tensors for each in tensor_.of_grad)
    write_in_place(
        run, tensor, source if source.of_grad else (args[0] if args else Const(None)), node, how=f".{name}()"
    )
    if run.grad is not False and not (tensor.leaf and tensor.grad):
        result = run.tensor(node, tensor, *tensors, saves=saves(name), sure=tensor.sure)
        tensor.grad, tensor.leaf, tensor.node = result.grad, result.leaf, result.node
    return tensor


def of_parameters(run: Run, params: Params, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    """Methods of a parameter whose module is known, or of all of them."""
    match name:
        case "requires_grad_":
            freeze(run, params, args[0] if args else Const(True))
            run.acts.append(Loaded(run.now(node), params.of))
            return params
        case "detach":
            return params
        case "register_hook" | "register_post_accumulate_grad_hook":
            call = run.place(node)
            run.acts.append(Hooked(run.now(node), params, call, name))
            return Handle(call)
        case "size" | "dim" | "numel" | "data_ptr" | "nelement" | "stride" | "element_size":
            return Opaque()
        case "items" | "values" | "keys" | "copy" | "to" | "cuda" | "cpu":
            return params
        case "append" | "extend" | "__iadd__":
            for each in args:
                params.of += each.of if isinstance(each, Params) else (each,)
            return Const(None)
        case _ if name.endswith("_") and not name.endswith("__"):
            given = [as_operand(run, each, node) for each in (*args, *keywords.values())]
            source = Tensor(run.place(node), grad=False, leaf=True)
            source.of_grad = tuple(g for each in given if isinstance(each, Tensor) for g in each.of_grad)
            write_in_place(run, params, source, node, how=f".{name}()")
            return params
        case _:
            return operation(run, name, (params, *args, *keywords.values()), node, sure=True)


def freeze(run: Run, params: Params, wanted: Value) -> None:
    """``requires_grad`` of all parameters, or of some."""
    known = isinstance(wanted, Const) and not run.guards
    for each in params.of:
        if isinstance(each, (Module, Instance)):
            each.frozen = (not wanted.value) if known and isinstance(wanted, Const) else None


def of_gradient(run: Run, gradient: Grad, name: str, args: Args, keywords: Keywords, node: ast.AST) -> Value | None:
    """Methods of ``.grad``."""
    if name in {"zero_", "fill"} or (name.endswith("_") and name not in {"detach_", "requires_grad_"}):
        value = args[0] if args else Const(0 if name == "zero_" else None)
        write_in_place(run, gradient, value, node, how=name)
        return gradient
    if name in {
        "detach",
        "detach_",
        "numpy",
        "view",
        "view_as",
        "reshape",
        "flatten",
        "data",
        "to_local",
        "cpu",
        "squeeze",
    }:
        return gradient
    return operation(run, name, (gradient, *args, *keywords.values()), node, sure=True)

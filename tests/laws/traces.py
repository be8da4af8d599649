"""What a program leaves behind in its process: everything two runs are compared by, beyond what it tells itself."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import random
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from laws.corpus import HOME
from laws.telling import Tell, answers_itself, lines_of, nodes_below, saved_by

Facts = dict[str, Any]
_HOME = str(HOME)


@contextmanager
def warnings_heard() -> Generator[list[str]]:
    """Each warning that would be shown: its class, text and place."""
    heard: list[str] = []

    def show(message: Any, category: type, filename: str, lineno: int, *_: object) -> None:
        heard.append(f"{category.__name__} at {_short(filename)}:{lineno}: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.showwarning = show
        yield heard


def seed() -> None:
    """The same start for each run."""
    torch.manual_seed(20)
    random.seed(20)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(20)


def after(tell: Tell, *, returned: object, error: BaseException | None, heard: list[str], printed: str) -> Facts:
    """Every trace, once the taps are out again. ``returned`` is what the program handed back."""
    facts: Facts = {
        "exception": None if error is None else exception_text(error),
        "warnings": list(heard),
        "printed": _without_stamps(printed),
        "clock": torch._C._autograd._get_sequence_nr(),  # pyright: ignore[reportAttributeAccessIssue]
        "random states": random_states(),
        "modes": modes(),
        "global hooks": global_hooks(),
        "compiler": compiler_counters(),
        "torch modules": sorted(name for name in sys.modules if name.partition(".")[0] == "torch"),
    }
    for name, text in lines_of(returned, "returned"):
        facts[name] = text
    facts["references to what it returned"] = references(returned)
    for index, (name, text) in enumerate(tell.told):
        facts[f"told {index} {name}"] = text
    facts["number told"] = len(tell.told)
    facts["tensors alive"] = tensors_alive()
    facts["deaths"] = list(tell.deaths)
    facts["references told"] = list(tell.references)
    return facts


def exception_text(error: BaseException) -> list[str]:
    """Type, text, notes, causes, and the user's own lines of the traceback."""
    lines = [f"{type(error).__module__}.{type(error).__qualname__}: {error}", *getattr(error, "__notes__", [])]
    lines += [
        f"{frame.name}:{frame.lineno}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(_HOME)
    ]
    reason = error.__cause__ or error.__context__
    if reason is not None:
        lines += ["from", *exception_text(reason)]
    return lines


def random_states() -> dict[str, str]:
    """Of torch, Python and numpy."""
    states = {
        "torch": torch.get_rng_state().numpy().tobytes() if "numpy" in sys.modules else _bytes(torch.get_rng_state())
    }
    states["python"] = repr(random.getstate()).encode()
    if numpy := sys.modules.get("numpy"):
        states["numpy"] = repr([*numpy.random.get_state()[1:3], numpy.random.get_state()[1].tolist()]).encode()
    return {name: hashlib.sha256(state).hexdigest()[:16] for name, state in states.items()}


def _bytes(tensor: torch.Tensor) -> bytes:
    return bytes(tensor.tolist())


def modes() -> dict[str, str]:
    """Switches of torch and of Python that a guest could leave turned."""
    return {
        "grad": str(torch.is_grad_enabled()),
        "inference": str(torch.is_inference_mode_enabled()),
        "autocast": str(torch.is_autocast_enabled("cpu")),
        "anomaly": str(torch.is_anomaly_enabled()),
        "deterministic": str(torch.are_deterministic_algorithms_enabled()),
        "dtype": str(torch.get_default_dtype()),
        "threads": str(torch.get_num_threads()),
        "collector": f"{gc.isenabled()} {gc.get_threshold()}",
        "recursion limit": str(sys.getrecursionlimit()),
        "switch interval": str(sys.getswitchinterval()),
        "excepthook": getattr(sys.excepthook, "__module__", "") or "",
    }


def global_hooks() -> dict[str, int]:
    """How many there are in torch's tables for all modules and all optimizers."""
    module, optimizer = sys.modules["torch.nn.modules.module"], sys.modules["torch.optim.optimizer"]

    return {
        name: len(value)
        for home in (module, optimizer)
        for name, value in vars(home).items()
        if name.startswith("_global_") and isinstance(value, dict)
    }


def compiler_counters() -> dict[str, dict[str, int]]:
    """Graphs, breaks and their reasons, as torch counts them; empty where nothing was compiled."""
    utils = sys.modules.get("torch._dynamo.utils")
    if utils is None:
        return {}
    return {
        name: {str(key): value for key, value in sorted(counter.items(), key=str)}
        for name, counter in sorted(utils.counters.items())
        if counter and name in {"frames", "stats", "graph_break", "unimplemented", "aot_autograd", "compiled_autograd"}
    }


def references(value: object) -> list[int]:
    """To each parameter and gradient of what was returned (as many of ours as in every other run)."""
    found: list[int] = []
    for part in value if isinstance(value, (tuple, list)) else (value,):
        if isinstance(part, torch.nn.Module):
            for parameter in part.parameters():
                found.append(sys.getrefcount(parameter))
                if parameter.is_leaf and parameter.grad is not None:
                    found.append(sys.getrefcount(parameter.grad))
        elif isinstance(part, torch.Tensor):
            found.append(sys.getrefcount(part))
    return found


def tensors_alive() -> dict[str, int]:
    """Plain tensors that the collector knows, and those that PyTorch holds behind them."""
    gc.collect()
    known = [each for each in gc.get_objects() if torch.Tensor in type(each).__mro__ and _is_quiet(type(each))]
    seen = {id(each) for each in known}
    for each in known:  # NOTE [objects that are made by looking]: see TOLERATED in measure.py; the list grows
        for other in _behind(each):
            if torch.Tensor in type(other).__mro__ and _is_quiet(type(other)) and id(other) not in seen:
                seen.add(id(other))
                known.append(other)
    return dict(sorted(Counter(type(each).__name__ for each in known).items()))


def _is_quiet(kind: Any) -> bool:
    """It answers nothing by itself."""
    base: Any = torch.Tensor
    functions = (base.__torch_function__.__func__, torch._C._disabled_torch_function_impl, None)  # pyright: ignore[reportAttributeAccessIssue]
    return (
        not answers_itself(kind)
        and getattr(kind.__torch_function__, "__func__", None) in functions
        and not issubclass(kind, (UninitializedParameter, UninitializedBuffer))
    )


def _behind(tensor: torch.Tensor) -> list[Any]:
    """A view's base, a leaf's gradient, what a graph has saved."""
    with contextlib.suppress(RuntimeError):
        if tensor._is_view():
            return [tensor._base]
        if tensor.grad_fn is not None:
            return [saved for node in nodes_below(tensor.grad_fn) for saved in saved_by(node)]
        if tensor.is_leaf and tensor.layout is torch.strided:
            return [tensor.grad]
    return []


def _without_stamps(printed: str) -> str:
    """Lines of torch's loggers without their time and process."""
    return re.sub(r"^([VIWE])\d{4} [\d:.]+ \d+ ", r"\1 ", printed, flags=re.MULTILINE)


def _short(filename: str) -> str:
    for mark in ("/site-packages/", "/tests/laws/", "/lib/python"):
        if mark in filename:
            return filename.partition(mark)[2]
    return filename

"""A training loop that takes an inventory of its own process: every callable by name, every hook, every tool."""

import gc
import signal
import sys
import threading
import warnings
from types import FunctionType, ModuleType

import torch

MADE_ANEW = {"unittest.mock.call", "_pydevd_bundle.pydevd_constants._fork_safe_locks[]"}
"""At each look, and at each debugger that comes."""

warnings.simplefilter("ignore")  # names that are deprecated are looked at too
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
x = torch.ones(4, 2)


def step():
    optimizer.zero_grad()
    loss = model(x).square().mean()
    loss.backward()  # stop: backward
    optimizer.step()
    return loss  # stop: after


def shape_of(value):
    """What tells that a callable is still the same, its code and its own attributes included."""
    code = id(value.__code__) if isinstance(value, FunctionType) else 0
    inside = id(getattr(value, "__func__", None))  # a bound method is made anew at each look
    own = tuple(sorted(vars(value))) if isinstance(value, FunctionType) else ()
    return (id(value) if inside == id(None) else inside, code, own)


def callables_of(owner, name):
    return {
        f"{name}.{key}": shape_of(value)
        for key, value in list(vars(owner).items())
        if callable(value) or isinstance(value, (staticmethod, classmethod, property))
    }


def containers_of(module, name):
    """Callables kept in a module's dicts and lists: that is what registries of hooks are."""
    found = {}
    for key, value in list(vars(module).items()):
        if isinstance(value, (dict, list, set)) and key != "__builtins__" and not key.startswith("__"):
            inside = value.values() if isinstance(value, dict) else value
            found[f"{name}.{key}[]"] = sorted(id(each) for each in list(inside) if callable(each))
    return found


def instances():
    """Objects that others hang hooks on."""
    for name, module in model.named_modules():
        yield f"module {name}", module
    yield "optimizer", optimizer
    constants = sys.modules.get("_pydevd_bundle.pydevd_constants")
    debugger = constants.get_global_debugger() if constants else None
    if debugger is not None:
        yield "debugger", debugger
        yield "debugger.cmd_factory", debugger.cmd_factory
        yield "debugger.writer", debugger.writer
        yield "debugger.reader", debugger.reader


def providers():
    """Of the debugger's presentation of values."""
    utils = sys.modules.get("_pydevd_bundle.pydevd_extension_utils")
    api = sys.modules.get("_pydevd_bundle.pydevd_extension_api")
    if utils is None or api is None:
        return None
    kinds = (api.TypeResolveProvider, api.StrPresentationProvider)
    return [list(map(id, utils.EXTENSION_MANAGER_INSTANCE.get_extension_classes(kind))) for kind in kinds]


def inventory():
    found = {"providers": providers()}
    classes = {}
    for name, module in sorted(sys.modules.items()):
        if not isinstance(module, ModuleType) or name.split(".")[0] in {"_tapelens", "__main__", "tapelens"}:
            continue
        found |= callables_of(module, name) | containers_of(module, name)
        classes |= {id(each): each for each in list(vars(module).values()) if isinstance(each, type)}
    for each in classes.values():
        found |= callables_of(each, f"{each.__module__}.{each.__qualname__}")
        found |= containers_of(each, f"{each.__module__}.{each.__qualname__}")
    for name, each in instances():
        found |= callables_of(each, name) | containers_of(each, name)
    for number, parameter in enumerate(model.parameters()):
        for hooks in ("_backward_hooks", "_post_accumulate_grad_hooks"):
            found[f"parameter {number}.{hooks}"] = sorted(map(id, (getattr(parameter, hooks) or {}).values()))
        found[f"parameter {number}"] = sorted(vars(parameter))
    found["meta_path"] = [id(each) for each in sys.meta_path]
    found["path_hooks"] = [id(each) for each in sys.path_hooks]
    found["gc.callbacks"] = [id(each) for each in gc.callbacks]
    found["gc.enabled"] = gc.isenabled()
    found["excepthooks"] = [id(each) for each in (sys.excepthook, sys.unraisablehook, threading.excepthook)]
    found["displayhook"] = id(sys.displayhook)
    found["tracing"] = [id(each) for each in (sys.getprofile(), threading._trace_hook, threading._profile_hook)]
    found["signals"] = [id(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM)]
    found["threads"] = sorted(each.name for each in threading.enumerate() if "tapelens" in each.name)
    if sys.version_info >= (3, 12):
        found["monitoring"] = [sys.monitoring.get_tool(tool) for tool in range(6)]
    return found


step()
taken = {}
print("ready", flush=True)
for word in map(str.strip, sys.stdin):
    if word == "step":
        step()
    elif word == "take":
        taken = inventory()
    elif word == "compare":
        now = inventory()
        print(
            len(taken), *(name for name, what in taken.items() if name not in MADE_ANEW and now.get(name, what) != what)
        )
    print("done", word, flush=True)

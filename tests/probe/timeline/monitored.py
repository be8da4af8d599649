"""What only a Python with ``sys.monitoring`` can show; prints ``{CHECK: what went wrong}`` as JSON.

``monitored.py BUNDLE``
"""

import contextlib
import gc
import json
import sys
import threading
import traceback
import weakref
from importlib import import_module
from typing import Any

import torch
from runner import load_bundle

M: Any = getattr(sys, "monitoring", None)
CLOCK: Any = vars(torch._C)["_autograd"]._get_sequence_nr
w = torch.ones(3, requires_grad=True)


def line_of(timeline, tensor):
    """The line that made a tensor, counted within its function."""
    (origin,) = timeline.origins([tensor.grad_fn._sequence_nr()])
    function = globals()[origin.site.function]
    return origin.site.line - function.__code__.co_firstlineno


def steps(x):
    y = x * 2
    yield y
    z = y.exp()
    yield z


def makes(x):
    y = x.sin()
    return y.cos()


def begun_generator(new):
    generator = steps(w)
    next(generator)
    timeline = new()
    z = next(generator)
    assert line_of(timeline, z) == 3
    timeline.remove()


def restarted_events(new):
    timeline = new()
    for _ in range(3):
        M.restart_events()
        assert line_of(timeline, makes(w)) == 2
    timeline.remove()


def taken_tools(new):
    M.use_tool_id(3, "another")
    timeline = new()
    assert M.get_tool(4) == "tapelens"
    assert line_of(timeline, makes(w)) == 2
    timeline.remove()
    M.use_tool_id(4, "a third")
    timeline = new()
    assert timeline.state == "module_calls"
    assert timeline.missing == ["a tool id of sys.monitoring: lines are known of modules' calls only"]
    timeline.remove()
    M.free_tool_id(3)
    M.free_tool_id(4)


def nothing_left(new):
    timeline = new()
    makes(w)
    assert M.get_tool(3) == "tapelens"
    assert M.get_local_events(3, makes.__code__) != 0
    timeline.remove()
    assert M.get_tool(3) is None
    M.use_tool_id(3, "looks")
    assert M.get_events(3) == 0
    assert M.get_local_events(3, makes.__code__) == 0
    for event in (M.events.LINE, M.events.PY_RETURN, M.events.PY_UNWIND):
        assert M.register_callback(3, event, None) is None
    M.free_tool_id(3)


def switched_off(new):
    timeline = new("off")
    assert M.get_tool(3) is None
    assert timeline.state == "off"


def code_is_let_go(new):
    timeline = new()
    scope: Any = {"w": w}
    exec(compile("def f():\n    return w * 2\nkept = f()\n", "/nowhere/at/all.py", "exec"), scope)
    reference = weakref.ref(scope["f"].__code__)
    (origin,) = timeline.origins([scope["kept"].grad_fn._sequence_nr()])
    assert (origin.site.path, origin.site.line) == ("/nowhere/at/all.py", 2)
    del scope
    gc.collect()
    assert reference() is None
    assert len(timeline._line_tap._codes) < 500
    timeline.remove()


def library_code_is_not_watched(new):
    timeline = new()
    torch.nn.Linear(3, 3)(w)
    json.dumps([1])
    for code in (torch.nn.Linear.forward.__code__, json.dumps.__code__):
        assert M.get_local_events(3, code) == 0
    timeline.remove()


def a_thread_that_runs_already(new):
    begin, end, results = threading.Event(), threading.Event(), []

    def body():
        begin.wait(30)
        while CLOCK() < 1 << 14:
            w.neg()
        results.append(makes(w))
        end.set()

    thread = threading.Thread(target=body)
    thread.start()
    timeline = new()
    begin.set()
    assert end.wait(30)
    thread.join(30)
    assert line_of(timeline, results[0]) == 2
    timeline.remove()


def deep_recursion(new):
    timeline = new()

    def dive(depth):
        return dive(depth + 1) + 1

    for _ in range(3):
        with contextlib.suppress(RecursionError):
            dive(0)
    assert timeline.state == "every_line"
    assert line_of(timeline, makes(w)) == 2
    timeline.remove()


def none_is_moved(new):
    before = CLOCK()
    timeline = new()
    for _ in range(10):
        torch.nn.Identity()(w)
    timeline.origins(range(before))
    timeline.remove()
    assert CLOCK() == before


CHECKS = (
    begun_generator,
    restarted_events,
    taken_tools,
    nothing_left,
    switched_off,
    code_is_let_go,
    library_code_is_not_watched,
    deep_recursion,
    none_is_moved,
    a_thread_that_runs_already,
)


def main(bundle):
    load_bundle(bundle)
    kind = import_module("_tapelens.probe.timeline").Timeline
    told = {}
    for check in CHECKS:
        faults = []

        def new(lines="auto", faults=faults):
            timeline = kind(lines, lambda *fault: faults.append(fault))
            timeline.install()
            return timeline

        wrong = ""
        try:
            check(new)
        except Exception:  # noqa: BLE001 (each check is told)
            wrong = traceback.format_exc()
        told[check.__name__] = wrong or str(faults or "")
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])

"""Run programs with a timeline and print where each node was made, as JSON; needs torch and the bundle only.

``runner.py BUNDLE PROGRAM …`` prints ``{PROGRAM: [[line, name, module, thread], …]}``: line 0 is unknown,
thread is ``main``, ``other`` or ``unknown``. With ``-`` for the bundle the probe is in already, and keeps
the timeline.
"""

import json
import os
import sys
import threading
import traceback
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def load_bundle(root):
    spec = spec_from_file_location("_tapelens", root + "/__init__.py", submodule_search_locations=[root])
    assert spec is not None
    assert spec.loader is not None
    bundle = sys.modules["_tapelens"] = module_from_spec(spec)
    spec.loader.exec_module(bundle)


def tensors_in(value, torch):
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from tensors_in(each, torch)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from tensors_in(each, torch)


def nodes_below(tensors):
    found = {}
    wave = [tensor.grad_fn for tensor in tensors if tensor.grad_fn is not None]
    while wave:
        node = wave.pop()
        if node not in found and node._sequence_nr() < 1 << 62:
            found[node] = node._sequence_nr()
            wave += [target for target, _ in node.next_functions if target is not None]
    return found


def told(program, scope, timeline, torch):
    nodes = nodes_below(tensors_in(scope["kept"], torch))
    ordered = sorted(nodes, key=nodes.__getitem__)
    main = threading.get_native_id()
    rows = []
    for node, origin in zip(ordered, timeline.origins([nodes[node] for node in ordered]), strict=True):
        site = origin.site
        assert site is None or (site.path == program and not site.in_library), site
        thread = {main: "main", -1: "unknown"}.get(origin.thread, "other")
        rows.append([0 if site is None else site.line, type(node).__name__, origin.module, thread])
    return rows


def run(program, timeline, torch):
    scope = {"__name__": "__main__", "__file__": program}
    exec(compile(Path(program).read_text(), program, "exec"), scope)
    return told(program, scope, timeline, torch)


def run_with_own(program, kind, torch):
    faults = []
    timeline = kind("every_line", lambda where, what: faults.append((where, what)))
    timeline.install()
    rows = run(program, timeline, torch)
    timeline.remove()
    assert not faults, faults
    return rows


def in_fork(function, *arguments):
    """What a function gives in a process where no thread has counted a node."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        status = 1
        try:
            with os.fdopen(writing, "w") as pipe:
                json.dump(function(*arguments), pipe)
            status = 0
        except BaseException:  # noqa: BLE001 (the child must not go on)
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert not status, "see above"
    return json.loads(text)


def main(root, *programs):
    import torch

    answer = {}
    if root == "-":
        entered = sys.modules["_tapelens.probe.entry.debugger"]._entered[0]
        for program in programs:
            answer[program] = run(program, entered.session.timeline, torch)
    else:
        load_bundle(root)
        kind = import_module("_tapelens.probe.timeline").Timeline
        for program in programs:
            answer[program] = in_fork(run_with_own, program, kind, torch)
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])

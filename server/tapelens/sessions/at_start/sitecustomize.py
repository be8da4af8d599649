"""Puts the probe into a plain program, and leaves no trace of how it came in.

Python imports ``sitecustomize`` before anything of the program's: with the folder of this file first in
``PYTHONPATH`` it finds this one. The environment, ``sys.path`` and ``sys.modules`` are put back as they
were, and the user's own ``sitecustomize``, or that there is none, takes this one's place. Then nothing happens
until the program has imported torch.

NOTE [nothing is imported here]: a program may have a ``json.py`` or ``socket.py`` beside it. What is imported
before its first line would be the standard library's for good. torch imports all that the probe needs itself.
"""

# pyright: basic, reportOptionalMemberAccess=false, reportArgumentType=false

import os
import sys

_SEAM = "<frozen importlib._bootstrap_external>"
_CALLED = "_call_with_frames_removed"


class _TorchFinder:
    """Finds ``torch`` as anybody would, and has its loader tell when it is done."""

    def __init__(self, pid, on_loaded):
        self.pid = pid
        self.on_loaded = on_loaded

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "torch":
            return None
        self.remove()
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec = None if find is None else find(fullname, path, target)
            if spec is not None:
                if os.getpid() == self.pid:  # a fork is another program
                    self.wrap(spec.loader)
                return spec
        sys.meta_path.insert(0, self)  # it may be installed later
        return None

    def remove(self):
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def wrap(self, loader):
        try:
            execute = loader.exec_module

            def exec_module(module):
                vars(loader).pop("exec_module", None)  # once is enough: the loader is itself again
                try:
                    execute(module)
                except BaseException:
                    sys.meta_path.insert(0, self)  # the program may try again
                    raise
                self.on_loaded(module)

            # NOTE [frames that Python leaves out]: from the traceback of a failing import Python takes the
            # frames of its own import system, known by their file. Ours passes for one.
            exec_module.__code__ = exec_module.__code__.replace(co_filename=_SEAM, co_name=_CALLED)
            loader.exec_module = exec_module
        except (AttributeError, TypeError):  # a loader of another kind
            return


def _load(root):
    from importlib import import_module
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("_tapelens", root + "/__init__.py", submodule_search_locations=[root])
    bundle = sys.modules["_tapelens"] = module_from_spec(spec)
    spec.loader.exec_module(bundle)
    return import_module("_tapelens.probe.entry.plain")


def _begin(entry):
    descriptor, root, configuration = entry.split("\n", 2)
    descriptor = int(descriptor)

    def on_loaded(torch):
        try:
            _load(root).enter(torch, descriptor=descriptor, configuration=configuration)
        except Exception as fault:
            try:
                os.write(descriptor, ("!%s: %s\n" % (type(fault).__name__, fault)).encode())
            except OSError:
                pass

    os.set_inheritable(descriptor, False)
    sys.meta_path.insert(0, _TorchFinder(os.getpid(), on_loaded))
    os.write(descriptor, b"\n")


def _leave_no_trace():
    here = os.path.dirname(__file__)
    before = os.environ.pop("TAPELENS_PYTHONPATH", None)
    if before is None:
        os.environ.pop("PYTHONPATH", None)
    else:
        os.environ["PYTHONPATH"] = before
    sys.path[:] = [each for each in sys.path if each != here]
    sys.path_importer_cache.pop(here, None)


_entry = os.environ.pop("TAPELENS_AT_START", None)
if _entry is not None:
    _leave_no_trace()
    try:
        _begin(_entry)
    except (OSError, ValueError):
        pass
    del sys.modules[__name__]
    import sitecustomize  # the user's own, or the error that Python expects where there is none

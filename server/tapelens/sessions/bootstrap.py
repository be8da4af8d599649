"""The one text that puts the probe into a debugged program."""

from __future__ import annotations

import json
from typing import Literal

from ..wire.commands import Command, Configuration
from ..wire.encode import to_json
from .bundle import bundle_root, shipped, stamp

Carrying = Literal["path", "text", "both"]
"""How the bundle gets into the program: read there by its path, carried along as text, or as the path allows."""

_LOADER = """\
import json, os, sys

def is_here():
    try:
        told = os.stat(root + "/__init__.py")
        with open(root + "/__init__.py"):
            return [told.st_size, told.st_mtime_ns] == stamp
    except OSError:
        return False

def load_by_path():
    from importlib.util import module_from_spec, spec_from_file_location
    spec = spec_from_file_location("_tapelens", root + "/__init__.py", submodule_search_locations=[root])
    bundle = sys.modules["_tapelens"] = module_from_spec(spec)
    spec.loader.exec_module(bundle)

def load_from_text():
    import base64, zlib
    from importlib import import_module
    from importlib.machinery import ModuleSpec

    def unpack():
        return json.loads(zlib.decompress(base64.b64decode(text)))

    class Carried:
        def __init__(self, texts):
            self.texts = texts
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] != "_tapelens":
                return None
            inside = name.replace(".", "/")[len("_tapelens"):].lstrip("/")
            for file in (inside + ".py", (inside + "/__init__.py").lstrip("/")):
                if file in self.texts:
                    origin = "<tapelens>/" + file
                    spec = ModuleSpec(name, Kept(file), origin=origin, is_package=file.endswith("__init__.py"))
                    spec.has_location = True
                    return spec
            return None

    class Kept:
        def __init__(self, file):
            self.file = file
        def create_module(self, spec):
            return None
        def exec_module(self, module):
            exec(compile(texts[self.file], module.__spec__.origin, "exec", dont_inherit=True), module.__dict__)
        def get_source(self, name):
            return unpack()[self.file]

    texts = unpack()
    finder = Carried(texts)
    sys.meta_path.insert(0, finder)
    try:
        for file in sorted(texts):
            import_module(("_tapelens/" + file)[:-3].replace("/__init__", "").replace("/", "."))
    finally:
        sys.meta_path.remove(finder)
        texts.clear()

def enter():
    if "_tapelens" not in sys.modules:
        here = root is not None and is_here()
        if not here and text is None:
            return json.dumps({"absent": root})
        try:
            load_by_path() if here else load_from_text()
        except BaseException:
            for name in [name for name in sys.modules if name.partition(".")[0] == "_tapelens"]:
                del sys.modules[name]
            raise
    from importlib import import_module
    return import_module("_tapelens.probe.entry.debugger").enter(configuration)

try:
    answer = enter()
except BaseException as fault:
    answer = json.dumps({"err": type(fault).__name__ + ": " + str(fault)})
"""


def bootstrap_expression(configuration: Configuration, *, carrying: Carrying = "path") -> str:
    """A Python expression; its value is a JSON string ``{"ok": "<Batch as JSON>"}`` or ``{"err": text}``.

    Where the bundle's files cannot be seen and their text is not carried, it is ``{"absent": path}``.

    It is evaluated without a frame, after ``initialized`` and before ``configurationDone``: before
    the program's first line (tests/sessions/test_direct.py). It imports nothing by ``sys.path``,
    and a second evaluation finds the probe there and only configures it anew. It does not depend
    on the session, so that an editor can keep it.
    """
    root = bundle_root()
    scope = {
        "root": None if carrying == "text" else str(root),
        "stamp": list(stamp(root)),
        "text": None if carrying == "path" else shipped(),
        "configuration": to_json(configuration),
        "code": _LOADER,
    }
    run = '(lambda scope: (exec(scope["code"], scope), scope["answer"])[1])'
    return f'{run}(__import__("json").loads({json.dumps(scope)!r}))'


def command_expression(command: Command) -> str:
    """A Python expression that has the probe carry out a command; its value is as above."""
    probe = '__import__("sys").modules["_tapelens.probe.entry.debugger"]'
    return f"{probe}.command({to_json(command)!r})"

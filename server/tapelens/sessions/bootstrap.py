"""The one text that puts the probe into a debugged program."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

from ..wire.commands import Command, Configuration
from ..wire.encode import to_json

_LOADER = """\
import sys, json
def enter():
    bundle = sys.modules.get("_tapelens")
    if bundle is None:
        from importlib.util import module_from_spec, spec_from_file_location
        spec = spec_from_file_location("_tapelens", root + "/__init__.py", submodule_search_locations=[root])
        bundle = sys.modules["_tapelens"] = module_from_spec(spec)
        try:
            spec.loader.exec_module(bundle)
        except BaseException:
            del sys.modules["_tapelens"]
            raise
    from importlib import import_module
    return import_module("_tapelens.probe.entry.debugger").enter(configuration)
try:
    answer = enter()
except BaseException as fault:
    answer = json.dumps({"err": type(fault).__name__ + ": " + str(fault)})
"""


def bundle_root() -> Path:
    """Folder of the package's own files, which is also the bundle's."""
    with resources.as_file(resources.files("tapelens")) as root:
        return root


def bootstrap_expression(configuration: Configuration) -> str:
    """A Python expression; its value is a JSON string ``{"ok": "<Batch as JSON>"}`` or ``{"err": text}``.

    It is evaluated without a frame, after ``initialized`` and before ``configurationDone``: before
    the program's first line (tests/sessions/test_direct.py). It imports nothing by ``sys.path``,
    and a second evaluation finds the probe there and only configures it anew. It does not depend
    on the session, so that an editor can keep it.
    """
    scope = {"root": str(bundle_root()), "configuration": to_json(configuration), "code": _LOADER}
    return f'(lambda scope: (exec(scope["code"], scope), scope["answer"])[1])({_literal(scope)})'


def command_expression(command: Command) -> str:
    """A Python expression that has the probe carry out a command; its value is as above."""
    probe = '__import__("sys").modules["_tapelens.probe.entry.debugger"]'
    return f"{probe}.command({to_json(command)!r})"


def _literal(scope: dict[str, str]) -> str:
    # JSON of str to str with ASCII only is a Python literal too.
    return json.dumps(scope)

"""Hear of torch's import without importing it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType


class TorchImport:
    """Calls back once, when torch is there whole: now, or on the thread that has just imported it."""

    def __init__(self, on_imported: Callable[[ModuleType], None]) -> None:
        self._on_imported = on_imported
        self._told = False
        self._finder = _Finder(self._tell)

    def watch(self) -> None:
        """Begin. A torch that another thread is importing right now is waited for beside."""
        torch = sys.modules.get("torch")
        if torch is None:
            self._finder.insert()
        elif _is_importing(torch):
            waiter = threading.Thread(target=self._wait_for_import, name="tapelens.torch", daemon=True)
            waiter.is_pydev_daemon_thread = True  # pyright: ignore[reportAttributeAccessIssue]
            waiter.start()
        else:
            self._tell(torch)

    def remove(self) -> None:
        """Hear of it no more."""
        self._told = True
        self._finder.remove()

    def _wait_for_import(self) -> None:
        try:
            torch = __import__("torch")  # blocks on the import lock of the thread that is at it
        except BaseException:
            return
        self._tell(torch)

    def _tell(self, torch: ModuleType) -> None:
        if not self._told:
            self._told = True
            self._on_imported(torch)


def _is_importing(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


class _Finder(MetaPathFinder):
    """Finds ``torch`` as anybody would, and has its loader tell when it is done."""

    def __init__(self, on_loaded: Callable[[ModuleType], None]) -> None:
        self._on_loaded = on_loaded

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A spec whose loader is wrapped; None for every other module."""
        if fullname != "torch":
            return None
        self.remove()
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            _wrap(spec.loader, self._on_loaded, on_failed=self.insert)
        return spec

    def insert(self) -> None:
        """Be asked before all others."""
        sys.meta_path.insert(0, self)

    def remove(self) -> None:
        """Leave the import system as it was."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _wrap(loader: Loader, on_loaded: Callable[[ModuleType], None], *, on_failed: Callable[[], None]) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        vars(loader).pop("exec_module", None)  # once is enough: the loader is itself again
        try:
            execute(module)
        except BaseException:
            on_failed()  # the program may try again
            raise
        on_loaded(module)

    loader.exec_module = exec_module  # type: ignore[method-assign]

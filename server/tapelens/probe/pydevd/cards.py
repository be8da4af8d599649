"""Puts our cards into debugpy's hover, Watch and Variables, by its own extension points.

Source: ``_pydevd_bundle/pydevd_extension_api.py``, ``pydevd_xml.py`` (``TypeResolveHandler``) and
``pydevd_suspended_frames.py`` of debugpy 1.8.22.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..cards.children import children_of
from ..cards.entries import Child, Group, Note
from ..cards.kinds import kind_of
from ..cards.lines import line_of
from ..guard import Guard, Report

_AS_IT_IS = frozenset(("repl", "clipboard"))
"""Contexts in which a person asks for the value itself."""


class Cards:
    """Our providers, first in debugpy's lists.

    Args:
        report: Takes a fault of ours; the debugger's own words stand from then on.

    Attributes:
        missing: What of the debugger was looked for in vain, in words; empty when all is there.
    """

    def __init__(self, report: Report) -> None:
        self.missing = ""
        self._guard = Guard("cards", report)
        self._lists: list[tuple[list[Any], Any]] = []
        self._caches: list[dict[Any, Any]] = []

    def install(self) -> None:
        """Put them in; tensors that were shown before are shown as cards from now on."""
        try:
            from _pydevd_bundle import pydevd_xml  # noqa: PLC0415 (only the debuggee has it)
            from _pydevd_bundle.pydevd_extension_api import (  # noqa: PLC0415
                StrPresentationProvider,
                TypeResolveProvider,
            )
            from _pydevd_bundle.pydevd_extension_utils import EXTENSION_MANAGER_INSTANCE  # noqa: PLC0415
            from _pydevd_bundle.pydevd_utils import DAPGrouper  # noqa: PLC0415

            handler = pydevd_xml._TYPE_RESOLVE_HANDLER
            self._caches = [handler._type_to_resolver_cache, handler._type_to_str_provider_cache]
            lines, resolver = _Lines(self._guard), _Resolver(self._guard, _grouper(DAPGrouper))
            for kind, provider in ((TypeResolveProvider, resolver), (StrPresentationProvider, lines)):
                providers = EXTENSION_MANAGER_INSTANCE.get_extension_classes(kind)
                providers.insert(0, provider)
                self._lists.append((providers, provider))
        except (ImportError, AttributeError):
            self.remove()
            self.missing = "the debugger's presentation of values: tensors are shown as it shows them"
            return
        self._forget()

    def remove(self) -> None:
        """Take them out."""
        for providers, provider in self._lists:
            if provider in providers:
                providers.remove(provider)
        self._lists = []
        self._forget()

    def _forget(self) -> None:
        for cache in self._caches:
            cache.clear()


class _Lines:
    """What a value says in one line (``StrPresentationProvider``, by shape)."""

    def __init__(self, guard: Guard) -> None:
        self._line = guard(line_of)

    def can_provide(self, type_object: Any, type_name: str) -> bool:  # noqa: ANN401, ARG002
        return issubclass(type_object, Note) or kind_of(type_object) is not None

    def get_str(self, value: Any) -> str | None:  # noqa: ANN401
        return str.__str__(value) if isinstance(value, Note) else self._line(value)

    def get_str_in_context(self, value: Any, context: str) -> str | None:  # noqa: ANN401
        if context in _AS_IT_IS and not isinstance(value, Note):
            return None  # the debugger's own words: someone asked for the value itself
        return self.get_str(value)


class _Resolver:
    """What lies below a value (``TypeResolveProvider``, by shape)."""

    def __init__(self, guard: Guard, grouper: Callable[[Group], Any]) -> None:
        self._children = guard(children_of)
        self._grouper = grouper

    def can_provide(self, type_object: Any, type_name: str) -> bool:  # noqa: ANN401, ARG002
        return kind_of(type_object) not in (None, "container")

    def get_contents_debug_adapter_protocol(self, value: Any, fmt: Any = None) -> list[Any]:  # noqa: ANN401, ARG002
        return [_entry(child, self._grouper) for child in self._children(value) or ()]

    def get_dictionary(self, value: Any) -> dict[str, Any]:  # noqa: ANN401
        return {name: entry for name, entry, _ in self.get_contents_debug_adapter_protocol(value)}

    def resolve(self, value: Any, attribute: str) -> Any:  # noqa: ANN401
        return self.get_dictionary(value)[attribute]


def _entry(child: Child, grouper: Callable[[Group], Any]) -> tuple[str, Any, Any]:
    """Name, value, and how debugpy makes the expression: text to append, or a function of the parent's."""
    value = grouper(child.value) if isinstance(child.value, Group) else child.value
    return child.name, value, _same if child.path == "" else child.path


def _same(parent: str) -> str:
    return parent


def _grouper(dap_grouper: Any) -> Callable[[Group], Any]:  # noqa: ANN401
    """Groups of debugpy's own class, which it shows without a type; opened only when asked for."""

    class Opened(dap_grouper):
        __slots__ = ("group",)

        def __init__(self, group: Group) -> None:
            super().__init__("")
            self.group = group

        def get_contents_debug_adapter_protocol(self) -> list[Any]:
            return [_entry(child, Opened) for child in self.group.children()]

        def __repr__(self) -> str:
            return self.group.line

    Opened.__name__ = Note.__name__ = ""  # what a client shows as the type
    return Opened

"""A function of torch's whose calls several listen to, and what of it the program could notice."""

from __future__ import annotations

import linecache
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tapelens.probe.weaving import Weave

SOURCE = '''\
import torch

class Thing:
    def call(self, value=1, *, fail=False):
        """What it says."""
        if fail:
            raise ValueError(value)
        for each in range(value):
            if each == 2:
                return each
        inner = lambda: "inner"
        def further():
            return inner()
        if value < 0:
            return
        return further()
'''


@pytest.fixture
def thing() -> Iterator[type]:
    name = "tapelens_woven_thing"
    module = types.ModuleType(name)
    file = f"/nowhere/{name}.py"
    lines: list[str] = list(SOURCE.splitlines(keepends=True))
    linecache.cache[file] = (len(SOURCE), None, lines, file)
    exec(compile(SOURCE, file, "exec"), module.__dict__)
    sys.modules[name] = module
    yield module.Thing
    del sys.modules[name], linecache.cache[file]


def weave(**kwargs: str) -> Weave:
    return Weave("tapelens_woven_thing", "Thing.call", **kwargs)


def noting(told: list[Any], name: str = "") -> Callable[..., Callable[[object], None]]:
    def enter(*given: object) -> Callable[[object], None]:
        told.append((name, "enter", *given[1:]))
        return lambda output: told.append((name, "leave", output))

    return enter


def test_each_listener_is_told_of_the_call_and_of_what_it_returned(thing):
    told: list[Any] = []
    seam = weave()
    assert seam.listen(noting(told, "a"))
    assert seam.listen(noting(told, "b"))
    assert [thing().call(value) for value in (1, 5, -1)] == ["inner", 2, None]
    assert told[:4] == [("a", "enter"), ("b", "enter"), ("b", "leave", "inner"), ("a", "leave", "inner")]
    assert [line[2] for line in told if line[1] == "leave"] == ["inner", "inner", 2, 2, None, None]


def test_a_call_that_raises_is_told_apart_and_its_traceback_reads_as_before(thing):
    def text() -> str:
        try:
            thing().call(7, fail=True)
        except ValueError:
            return traceback.format_exc()
        return ""

    before = text()
    told: list[Any] = []
    seam = weave()
    seam.listen(noting(told))
    assert text() == before
    assert told == [("", "enter"), ("", "leave", ...)]


def test_the_function_stays_itself_and_gets_its_own_code_back(thing):
    function, code = thing.call, thing.call.__code__
    first, second = noting([]), noting([])
    seam = weave()
    seam.listen(first)
    both = (seam.listen(second), thing.call.__code__)
    assert thing.call is function
    assert (code.co_name, code.co_filename, code.co_firstlineno) == (
        thing.call.__code__.co_name,
        thing.call.__code__.co_filename,
        thing.call.__code__.co_firstlineno,
    )
    assert thing.call.__doc__ == "What it says."
    seam.leave_off(second)
    seam.leave_off(first)
    assert thing.call.__code__ is code
    seam.listen(first)
    seam.listen(second)
    assert thing.call.__code__ is both[1], "torch.compile would look at another code anew"


def test_what_others_put_there_since_stays(thing):
    seam = weave()
    enter = noting([])
    seam.listen(enter)

    def theirs(_self: object) -> str:
        return "theirs"

    thing.call.__code__ = theirs.__code__
    seam.leave_off(enter)
    assert thing().call() == "theirs"
    told: list[Any] = []
    assert not seam.listen(noting(told))
    assert told == []


def test_calls_may_be_told_under_a_condition_and_with_arguments(thing):
    told: list[Any] = []
    seam = weave(given="self, value", unless="value > 3")
    seam.listen(noting(told))
    thing().call(2)
    thing().call(4)
    assert told == [("", "enter", 2), ("", "leave", "inner")]


def test_what_is_not_there_cannot_be_listened_to():
    assert not Weave("no.such.module", "Thing.call").listen(noting([]))
    assert not Weave("sys", "exit").listen(noting([]))

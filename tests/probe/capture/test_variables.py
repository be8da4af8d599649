"""Reading a frame's variables leaves nothing behind in the frame, on any Python that can have it so."""

from __future__ import annotations

import sys
import weakref
from types import FrameType
from typing import Any

import pytest
import torch

from probe.capture.stops import capture, run
from tapelens.probe.capture.inside import look_up
from tapelens.probe.capture.variables import local_variables

READERS = {"a capture": capture, "its variables": local_variables, "one variable": lambda frame: look_up(frame, "x")}
written_back_in_any_case = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Python 3.10 writes back after a tracer"
)


class Thing:
    """Can be watched as it dies."""

    def __init__(self) -> None:
        self.tensor = torch.ones(1)


def looking(read: Any) -> Any:
    def look(_: str, frame: FrameType) -> None:
        read(frame)

    return look


@written_back_in_any_case
@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_a_function_deletes_after_a_stop_dies_there(read: Any):
    program = """
    import weakref
    def work():
        kept, gone = Thing(), Thing()
        watched = weakref.ref(gone)
        stop = 1  # stop: here
        del gone
        return kept, watched() is None
    kept, died = work()
    """
    found = run(program, on_stop=looking(read), Thing=Thing)
    assert found.error is None
    assert found.variables["died"] is True


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_a_function_deletes_after_a_call_of_ours_dies_there(read: Any):
    gone = Thing()
    watched = weakref.ref(gone)
    read(sys._getframe())
    del gone
    assert watched() is None


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_nothing_holds_a_variable_that_did_not_before(read: Any):
    thing, held = Thing(), [Thing()]
    before = sys.getrefcount(thing), sys.getrefcount(held), sys.getrefcount(held[0])
    read(sys._getframe())
    assert (sys.getrefcount(thing), sys.getrefcount(held), sys.getrefcount(held[0])) == before


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_every_variable_is_as_it_was(read: Any):
    program = """
    def work(x, *rest, key=3):
        cell = [x]
        def inner():
            return cell, x
        listed = [value for value in (1, 2)]  # stop: one
        if not rest:
            late = 5
        x = x + 1  # stop: two
        cell = cell + [x]
        try:
            unbound
        except NameError as error:
            told = str(error)
        def generate(start):
            held = start
            yield held  # stop: three
            held += 1
            yield held
        if x < 0:
            unbound = 1
        return inner(), listed, late, x, key, told, list(generate(x))
    outcome = work(1)
    """
    plain, looked = run(program, on_stop=lambda *_: None), run(program, on_stop=looking(read))
    assert (plain.error, looked.error) == (None, None)
    assert looked.variables["outcome"] == plain.variables["outcome"]


@written_back_in_any_case
def test_what_another_thread_writes_to_a_closure_during_a_stop_stays_written():
    program = """
    def work():
        count = 0
        def raise_it():
            nonlocal count
            count += 1
        return_to_the_stop.append(raise_it)
        stop = 1  # stop: here
        return count
    counted = work()
    """
    functions: list[Any] = []

    def look(_: str, frame: FrameType) -> None:
        capture(frame)
        functions[0]()  # as a thread that the debugger does not hold

    assert run(program, on_stop=look, return_to_the_stop=functions).variables["counted"] == 1


def test_a_dict_of_locals_that_the_program_holds_is_not_emptied():
    program = """
    def work():
        x = 1
        held = locals()
        stop = 1  # stop: here
        return dict(held)
    held = work()
    """
    assert run(program, on_stop=looking(capture)).variables["held"]["x"] == 1


def test_what_the_program_itself_put_among_its_locals_stays_there():
    program = """
    def work():
        locals()["own"] = 5
        stop = 1  # stop: here
        return locals().get("own")
    own = work()
    """
    plain, looked = run(program, on_stop=lambda *_: None), run(program, on_stop=looking(capture))
    assert looked.variables["own"] == plain.variables["own"]


def test_the_variables_of_a_module_and_of_a_class_body_stay_their_own():
    program = """
    x = 1  # stop: module
    class Body:
        y = 2
        z = y  # stop: class
    """
    found = run(program, on_stop=looking(capture))
    assert (found.variables["x"], found.variables["Body"].y, found.variables["Body"].z) == (1, 2, 2)


def test_a_variable_of_two_comprehensions_with_and_without_a_cell_kills_nobody():
    program = """
    def work():
        held = 1
        plain = [i + held for i in range(2)]  # stop: here
        cells = [(lambda: i)() for i in range(2)]  # stop: there
        return plain, cells
    outcome = work()
    """
    seen: list[dict[str, Any]] = []
    found = run(program, on_stop=lambda _, frame: seen.append(local_variables(frame)))
    assert found.variables["outcome"] == ([1, 2], [0, 1])
    assert all(variables.get("held", 1) == 1 for variables in seen)

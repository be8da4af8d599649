"""PyTorch's warning of a gradient that nobody keeps is heard, and stays the program's own."""

from __future__ import annotations

import sys
import traceback
import warnings
from collections.abc import Iterator

import pytest
import torch

from tapelens.events import NonleafRead
from tapelens.probe.taps.warned import WarningTap


@pytest.fixture
def heard() -> Iterator[list[NonleafRead]]:
    events: list[NonleafRead] = []
    tap = WarningTap(events.append, lambda *fault: pytest.fail(str(fault)), origins=None)  # pyright: ignore[reportArgumentType]
    tap.install()
    yield events
    tap.remove()


def hidden() -> torch.Tensor:
    return torch.ones(1, requires_grad=True) * 2


def test_a_reading_is_heard_where_the_program_records_warnings(heard: list[NonleafRead]):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        tensor = hidden()
        assert tensor.grad is None
    (read,) = heard
    assert (read.expression, read.operation, read.site.line) == ("tensor", "MulBackward0", caught[0].lineno)


def test_what_asks_whether_there_is_one_and_other_warnings_are_not_told(heard: list[NonleafRead]):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert hasattr(hidden(), "grad")
        assert getattr(hidden(), "grad", None) is None
        warnings.warn("something else", stacklevel=1)
    assert (len(caught), heard) == (3, [])


def test_a_debugger_that_evaluates_reads_unheard(heard: list[NonleafRead]):
    names = {"__name__": "pydevd_vars", "eval": eval}
    exec("def evaluate(text, there): return eval(text, there)", names)
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        names["evaluate"]("tensor.grad", {"tensor": hidden(), "__name__": "__main__"})  # pyright: ignore[reportCallIssue]
    assert heard == []


def test_filters_decide_first_and_a_place_warns_once(heard: list[NonleafRead]):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert hidden().grad is None
    assert heard == []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            assert hidden().grad is None
    assert (len(caught), len(heard)) == (1, 1)


@pytest.mark.usefixtures("heard")
def test_a_printer_of_the_programs_own_finds_no_frame_of_ours_below_it(monkeypatch: pytest.MonkeyPatch):
    stacks: list[list[str]] = []
    monkeypatch.setattr(
        warnings, "showwarning", lambda *_: stacks.append([each.filename for each in traceback.extract_stack()])
    )
    warnings.simplefilter("always")
    assert hidden().grad is None
    (stack,) = stacks
    assert not any("tapelens/probe" in path for path in stack)


def test_taken_out_the_function_is_what_it_was():
    shows = sys.modules["warnings"]._showwarnmsg
    before = shows.__code__
    tap = WarningTap(lambda _event: None, lambda *_: None, origins=None)
    tap.install()
    assert shows.__code__ is not before
    tap.remove()
    assert sys.modules["warnings"]._showwarnmsg is shows
    assert shows.__code__ is before

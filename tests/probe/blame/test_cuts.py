"""Which statement cuts a path, asked from the backward that would raise."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch

from probe.blame import cases_of_cuts
from tapelens.events import Cut
from tapelens.probe.blame.cuts import find_cut, find_cut_before

_MARK = re.compile(r"# cut(?:: (?P<of>[\w, ]+))?$")


def cases() -> dict[str, int | None]:
    """Each function without an argument, and the line that its mark is on."""
    source = Path(cases_of_cuts.__file__).read_text().splitlines()
    found: dict[str, int | None] = {}
    function = ""
    for number, line in enumerate(source, start=1):
        if line.startswith("def ") and "()" in line and not line.startswith("def _"):
            function = line.removeprefix("def ").partition("(")[0]
            found.setdefault(function, None)
        mark = _MARK.search(line)
        for name in mark["of"].split(", ") if mark and mark["of"] else [function] * bool(mark):
            found[name] = number
    return found


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Cut | None]:
    """What is told of each backward, which does not run."""
    asked: list[Cut | None] = []
    monkeypatch.setattr(torch.Tensor, "backward", lambda _self: asked.append(find_cut(sys._getframe(1), trusting=True)))
    return asked


@pytest.mark.parametrize("name", cases())
def test_the_statement_that_cuts_the_path_is_found(name: str, told: list[Cut | None]):
    getattr(cases_of_cuts, name)()
    (cut,) = told
    assert (None if cut is None else cut.site.line) == cases()[name], cut


def test_at_a_stop_before_the_line_the_same_is_found():
    def stopped() -> Cut | None:
        leaf = torch.ones(2, requires_grad=True)
        loss = (leaf * 2).sum().detach()
        assert not loss.requires_grad
        return find_cut_before("loss", sys._getframe())

    cut = stopped()
    assert cut is not None
    assert cut.site.line == stopped.__code__.co_firstlineno + 2


def test_looking_makes_no_node_and_draws_no_number(told: list[Cut | None], monkeypatch: pytest.MonkeyPatch):
    def made_and_drawn() -> tuple[int, bytes]:
        number = (torch.ones(1, requires_grad=True) * 1).grad_fn
        assert number is not None
        return number._sequence_nr(), torch.get_rng_state().numpy().tobytes()

    before = made_and_drawn()
    cases_of_cuts.a_helper_in_a_helper()
    after = made_and_drawn()
    told.clear()
    monkeypatch.setattr(torch.Tensor, "backward", lambda _self: None)
    cases_of_cuts.a_helper_in_a_helper()
    alone = made_and_drawn()
    assert told == []
    assert (after[0] - before[0], after[1]) == (alone[0] - after[0], before[1])

"""Which statement cuts a path, asked from the backward that would raise."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from probe.blame import cases_of_cuts
from tapelens.events import Cut
from tapelens.probe.blame.cuts import find_cut

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
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Cut | None]]:
    """What is told of each backward, which does not run."""
    asked: list[Cut | None] = []
    monkeypatch.setattr(
        torch.Tensor, "backward", lambda _self: asked.append(find_cut(sys._getframe(1), trusting=True))
    )
    yield asked


@pytest.mark.parametrize("name", cases())
def test_the_statement_that_cuts_the_path_is_found(name: str, told: list[Cut | None]):
    getattr(cases_of_cuts, name)()
    (cut,) = told
    assert (None if cut is None else cut.site.line) == cases()[name], cut


def test_looking_asks_nothing_of_the_program(told: list[Cut | None]):
    before = torch.get_rng_state(), torch._C._autograd._get_sequence_nr()
    cases_of_cuts.nothing_is_trained()
    assert told == [None]
    assert torch.equal(before[0], torch.get_rng_state()) is False or before[1] == torch._C._autograd._get_sequence_nr()

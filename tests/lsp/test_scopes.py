"""Whether a name in a file is the one that a stopped frame holds."""

from __future__ import annotations

import pytest

from tapelens.lsp.scopes import is_visible

PROGRAM = """\
w = 1
class Net:
    def forward(self, x):
        y = w * x                       # 4
        def scaled(z):
            return z * y                # 6
        return [scaled(v) for v in x]   # 7

def step(w):
    global count
    count = w                           # 11
match w:
    case 1:
        def inside():
            x = w                       # 15
"""


@pytest.mark.parametrize(
    ("name", "line", "frame", "expected"),
    [
        ("w", 1, "<module>", True),
        ("w", 4, "<module>", True),  # forward reads the module's
        ("x", 4, "<module>", False),
        ("x", 4, "Net.forward", True),
        ("x", 4, "forward", True),  # an interpreter that knows no qualified names
        ("x", 1, "Net.forward", False),
        ("y", 6, "Net.forward", True),  # a closure
        ("z", 6, "Net.forward", False),
        ("z", 6, "Net.forward.<locals>.scaled", True),
        ("v", 7, "Net.forward.<locals>.<listcomp>", True),
        ("w", 11, "<module>", False),  # step's own parameter
        ("count", 11, "<module>", True),
        ("w", 15, "<module>", True),
        ("x", 15, "<module>", False),
        ("x", 15, "inside", True),
    ],
)
def test_a_name_is_the_frames_own(name, line, frame, expected):
    assert is_visible(PROGRAM, line=line, name=name, frame=frame) is expected


def test_in_half_typed_text_every_name_may_be_the_frames():
    assert is_visible("def f(x:\n  x", line=2, name="x", frame="g")

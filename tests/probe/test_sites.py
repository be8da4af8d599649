"""Whose line it was."""

# pyright: reportArgumentType=false

from __future__ import annotations

import contextlib
import functools
import json
import sys
from pathlib import Path

import pytest
import torch

from tapelens.probe.guard import Guard
from tapelens.probe.sites import owner_of, place_of, raised_site, site_of, user_frame, user_site


def here():
    return sys._getframe(1)


def test_a_frame_of_this_file_is_the_users():
    frame = here()
    site, line = user_site(frame), frame.f_lineno
    assert (site.path, site.line, site.in_library) == (__file__, line, False)
    assert site.function.endswith("test_a_frame_of_this_file_is_the_users")


def test_through_torch_and_the_standard_library_it_is_still_the_users_line():
    found = []

    @torch.no_grad()
    def look(_value):
        found.append(place_of(sys._getframe()))

    def called_back():
        look(1)  # here

    json.loads("1", parse_int=lambda _text: called_back())
    (place,) = found
    lines = Path(__file__).read_text().splitlines()
    assert place.user == place.innermost
    assert "found.append" in lines[place.user.line - 1]


def test_a_librarys_caller_is_told_apart_by_its_own_line():
    found = []

    class Recorder(dict):
        def __missing__(self, key):
            found.append(place_of(sys._getframe().f_back))
            return key

    functools.reduce(lambda _state, key: Recorder()[key], ["a"], None)
    assert found[0].user.path == __file__
    with contextlib.suppress(ValueError):
        json.loads("{", object_hook=None)
    code = compile("look(frame())", json.__file__, "exec")
    exec(code, {"look": lambda frame: found.append(place_of(frame)), "frame": lambda: sys._getframe(1)})
    assert found[1].user.path == __file__
    assert found[1].innermost.path == json.__file__
    assert found[1].innermost.in_library


def test_without_a_frame_of_the_users_the_innermost_outside_torch_is_marked():
    frames = []
    code = compile("frames.append(frame())", json.__file__, "exec")
    exec(code, {"frames": frames, "frame": lambda: sys._getframe(1)})
    (frame,) = frames
    assert owner_of(frame) == "library"
    assert site_of(frame).in_library


@pytest.mark.parametrize(
    ("name", "names", "owner"),
    [
        ("<string>", {"__name__": "__main__"}, "user"),
        ("<ipython-input-3-abc>", {"__name__": "__main__"}, "user"),
        ("<string>", {"__name__": "json.tool", "__file__": json.__file__}, "library"),
        ("<frozen runpy>", {"__name__": "runpy"}, "library"),
        ("<eval_with_key>.1", {}, "library"),
        ("/home/me/train.py", {"__name__": "__main__"}, "user"),
        ("/home/me/env/lib/python3.11/site-packages/lightning/loop.py", {"__name__": "lightning.loop"}, "library"),
        (torch.optim.__file__, {"__name__": "torch.optim"}, "torch"),
        (Guard.__call__.__code__.co_filename, {"__name__": "tapelens.probe.guard"}, "ours"),
        ("<shipped>", {"__name__": "tapelens.probe.guard"}, "ours"),
    ],
)
def test_whose_code_it_is(name, names, owner):
    frames = []
    exec(compile("look()", name, "exec"), names | {"look": lambda: frames.append(sys._getframe(1))})
    assert owner_of(frames[0]) == owner


def test_an_exceptions_site_is_the_innermost_line_of_the_users():
    def fails():
        json.loads("{")

    with pytest.raises(ValueError, match="Expecting") as caught:
        fails()
    site = raised_site(caught.value.__traceback__)
    assert site is not None
    assert site.function.endswith("fails")
    assert raised_site(None) is None


def test_without_any_user_frame_there_is_none():
    assert user_frame(None) is None

"""What stands in the engine's place is in no traceback that the user can come to see."""

from __future__ import annotations

import sys
import traceback

import pytest

from tapelens.probe.taps.importlib_bootstrap_seam import seam


def run_backward(*_: object) -> None:
    raise ValueError("mine")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 keeps a traceback of its own; newer Python")
@pytest.mark.parametrize("call", [None, object()])
def test_an_exception_passes_without_leaving_our_frame_in_its_traceback(call: object):
    failed: list[BaseException] = []
    tapped = seam(
        run_backward,
        is_compiling=lambda: False,
        begin=lambda *_: call,
        end=lambda _: None,
        fail=lambda _call, error, *_: failed.append(error),
        let_go=lambda _: None,
    )
    with pytest.raises(ValueError, match="mine") as caught:
        tapped((1,), 2)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names == ["test_an_exception_passes_without_leaving_our_frame_in_its_traceback", "run_backward"]
    assert failed == ([] if call is None else [caught.value])

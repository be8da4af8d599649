"""``pathMappings``: whatever a debuggee says of its files is told with ours."""

from __future__ import annotations

import pytest

from sessions.drive import marked_lines
from sessions.listening import attached, line_out, listening
from tapelens.sessions.interface import Breakpoint
from tapelens.sessions.paths import PathMap, PathMapping, read_path_mappings

PROGRAM = """\
import sys, time
import torch


class Twice(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


w = torch.ones(2, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
w.register_hook(lambda grad: grad / 0)
print("made", flush=True)


def step():
    loss = Twice.apply(w * w).sum()
    loss.backward()  # stop: first
    optimizer.step()  # stop: step
    return loss


sys.stdin.readline()
step()
loss = step()
loss.backward()  # stop: again
"""


@pytest.mark.parametrize("written", ["whole", "."])
async def test_all_that_comes_from_a_program_elsewhere_is_told_with_our_paths(tmp_path, monkeypatch, written):
    remote, local = tmp_path / "remote", tmp_path / "local"
    remote.mkdir()
    local.mkdir()
    (local / "program.py").write_text(PROGRAM, encoding="utf-8")
    monkeypatch.chdir(remote)  # where the program runs
    mapping = PathMapping(local_root=str(local), remote_root=str(remote) if written == "whole" else ".")
    here = local / "program.py"
    lines = marked_lines(here)
    stops = [Breakpoint(path=here, line=lines["first"]), Breakpoint(path=here, line=lines["again"])]
    async with listening(remote, PROGRAM) as (_, port, process):
        await line_out(process)
        async with attached(port, *stops, paths=[mapping]) as run:
            assert process.stdin is not None
            process.stdin.write(b"\n")
            reasons = []
            for _ in range(4):
                stop = await run.next_stop()
                assert (stop.path, stop.snapshot is not None) == (str(here), True), (
                    stop,
                    run.store.faults(run.session.id),
                    run.store.session(run.session.id),
                )
                reasons.append(stop.reason)
                if stop.reason != "exception":
                    await run.session.act("continue")
            session = run.session.id
            seen = run.store.stops(session), run.store.findings(session), run.store.gradients(session)
            told = seen, run.store.uncaught(session)
            assert reasons == ["breakpoint", "breakpoint", "breakpoint", "exception"]
            assert {each.rule for each in seen[1]} == {"missing-zero-grad", "double-backward", "nonfinite-grad"}
            snapshot = seen[0][-2].snapshot  # at the line that backs up a second time
            assert snapshot.backward.will_raise is not None
            assert snapshot.backward.will_raise.freed_by is not None
            assert snapshot.backward.will_raise.freed_by.path == str(here)
            assert any(seen[0][0].snapshot.hooks.name)
            assert str(remote) not in repr(told)
            assert repr(told).count(str(here)) > 10


def test_the_first_mapping_that_holds_counts_and_only_whole_folders_do():
    paths = PathMap(
        [
            PathMapping(local_root="/here/special", remote_root="/app/special/"),
            PathMapping(local_root="/here/app", remote_root="/app"),
            PathMapping(local_root="C:\\code", remote_root="/srv/code"),
            PathMapping(local_root="/win", remote_root="c:\\work"),
        ]
    )
    assert paths.local("/app/special/x.py") == "/here/special/x.py"
    assert paths.local("/app/x.py") == "/here/app/x.py"
    assert paths.local("/app") == "/here/app"
    assert paths.local("/apples/x.py") == "/apples/x.py"
    assert paths.local("/srv/code/a/b.py") == "C:\\code\\a\\b.py"
    assert paths.local("C:\\Work\\a\\b.py") == "/win/a/b.py"
    assert paths.local("<string>") == "<string>"


def test_a_path_that_is_ours_already_is_not_mapped_again():
    nested = PathMap([PathMapping(local_root="/work/app", remote_root="/work")])
    assert nested.local(nested.local("/work/x.py")) != nested.local("/work/x.py")  # so it is done once, at intake


def test_mappings_are_read_from_a_configuration_and_what_is_malformed_is_left_out():
    good = {"localRoot": "/a", "remoteRoot": "/b"}
    given = {"pathMappings": [good, {"localRoot": "/a"}, 7, {"localRoot": "", "remoteRoot": "/b"}]}
    assert read_path_mappings(given) == (PathMapping(local_root="/a", remote_root="/b"),)
    assert read_path_mappings({}) == read_path_mappings({"pathMappings": {}}) == ()

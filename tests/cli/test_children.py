"""Ranks and other processes that a program starts, as a real command shows them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from cli.commands import Command, line_of, script, tapelens

RANKS = """\
import torch
import torch.distributed as dist
dist.init_process_group("gloo")
w = torch.full((2,), float(dist.get_rank() + 1), requires_grad=True)
loss = (w * w).sum()
loss.backward()  # here
dist.barrier()
dist.destroy_process_group()
"""


def test_each_rank_s_stops_are_told_by_its_name(tmp_path: Path):
    path = script(tmp_path, RANKS)
    here = line_of(path, "here")
    ranks = ("-m", "torch.distributed.run", "--nproc-per-node=2", "train.py")
    ended = tapelens("run", f"--break=train.py:{here}", *ranks, cwd=tmp_path)
    assert ended.status == 0, ended.err
    for rank in (0, 1):
        assert f"● breakpoint rank {rank} · {path}:{here} in <module>" in ended.err
        assert f"◂ backward rank {rank} · {path}:{here}" in ended.err


def test_one_object_says_which_rank_each_stop_is_of(tmp_path: Path):
    path = script(tmp_path, RANKS)
    here = line_of(path, "here")
    ranks = ("-m", "torch.distributed.run", "--nproc-per-node=2", "train.py")
    ended = tapelens("run", "--format=json", f"--break=train.py:{here}", *ranks, cwd=tmp_path)
    told = json.loads(ended.out)
    rank_of = {each["session"]: each["rank"] for each in told["sessions"]}
    assert sorted(rank_of.values(), key=str) == [0, 1, None]
    root = next(session for session, rank in rank_of.items() if rank is None)
    assert [each["parent"] for each in told["sessions"]] == [None, root, root]
    flowed = {
        rank_of[stop["session"]]: flow["values"]
        for stop in told["stops"]
        for flow in stop["gradients"]
        if flow.get("tensor") == "w"
    }
    assert flowed == {0: [2, 2], 1: [4, 4]}  # 2w
    assert (ended.status, told["notes"], told["exit_code"]) == (0, [], 0)


def test_ctrl_c_ends_every_rank(tmp_path: Path):
    path = script(tmp_path, RANKS.replace("dist.barrier()", "import time; time.sleep(600)"))
    ranks = ("-m", "torch.distributed.run", "--nproc-per-node=2", "train.py")
    command = Command("run", f"--break=train.py:{line_of(path, 'here')}", *ranks, cwd=tmp_path)
    command.read_until("backward rank 0")
    command.process.send_signal(signal.SIGINT)
    assert command.wait().status == 130  # it sees that none is left

"""The JSON projection of a run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from report.tapes import HERE, Tape, seed, seed_gradients
from tapelens.report.json import Run, run_object
from tapelens.store.sessions import StopSettled
from tapelens.wire.findings import Fact, Finding, Related
from tapelens.wire.processes import Uncaught
from tapelens.wire.snapshot import Snapshot, WillRaise


def stop_at(snapshot: Snapshot | None, *, line: int = 4, session: str = "s") -> StopSettled:
    return StopSettled(
        session=session,
        reason="breakpoint",
        text="",
        thread=1,
        path=HERE.path,
        line=line,
        function="<module>",
        snapshot=snapshot,
    )


def stops_of(*stops: StopSettled, gradients: list[Any] | None = None) -> list[dict[str, Any]]:
    run = Run(stops=list(stops), gradients={"s": gradients or []})
    whole = run_object(run)
    assert json.loads(json.dumps(whole, allow_nan=False)) == whole
    return whole["stops"]


def test_a_stop_says_where_and_which_time_it_stood_there():
    first, second, elsewhere = stops_of(stop_at(None), stop_at(None), stop_at(None, line=9))
    assert (first["path"], first["line"], first["function"], first["hit"]) == (HERE.path, 4, "<module>", 1)
    assert (second["hit"], elsewhere["hit"]) == (2, 1)
    assert first["not_shown"] == "no snapshot was taken"


def test_a_tensor_names_its_grad_fn_by_type_and_by_key():
    (stop,) = stops_of(stop_at(seed().snapshot()))
    x, y1, _, loss = stop["tensors"]
    assert (x["name"], x["is_leaf"], x["grad_fn"], x["grad_fn_node"]) == ("x", True, None, None)
    assert (y1["grad_fn"], y1["grad_fn_node"], y1["requires_grad"]) == ("AddBackward0", 101, True)
    assert (loss["shape"], loss["dtype"], loss["backward_effect"]) == ([], "float32", "dropped")


def test_a_gradient_is_null_or_its_shape_and_numbers():
    tape = Tape()
    tape.tensor("w", requires_grad=1, grad_value=4.0)
    tape.tensor("b", requires_grad=1)
    (stop,) = stops_of(stop_at(tape.snapshot()))
    w, b = stop["tensors"]
    assert w["grad"] == {
        "shape": [],
        "norm": 4.0,
        "min": 4.0,
        "max": 4.0,
        "mean": 4.0,
        "nan": 0,
        "inf": 0,
        "values": [4.0],
    }
    assert b["grad"] is None


def test_edges_join_nodes_by_key():
    (stop,) = stops_of(stop_at(seed().snapshot()))
    assert [node["key"] for node in stop["graph"]["nodes"]] == [100, 101, 102, 103, 104]
    assert {"from": 104, "to": 103, "input_nr": 0} in stop["graph"]["edges"]
    assert stop["graph"]["nodes"][0]["leaf"] == "x"
    assert stop["graph"]["lines"] == "every_line"


def test_what_flowed_is_told_by_name_and_by_edge():
    (stop,) = stops_of(stop_at(seed().snapshot()), gradients=[seed_gradients()])
    by_name = {flow["tensor"]: flow["values"] for flow in stop["gradients"] if "tensor" in flow}
    assert by_name == {"loss": [1.0], "y1": [-4.0], "y2": [4.0], "x": [4.0]}
    by_edge = {(flow["edge"]["from"], flow["edge"]["to"]): flow["norm"] for flow in stop["gradients"] if "edge" in flow}
    assert by_edge == {(104, 103): 4.0, (103, 101): 4.0, (103, 102): 4.0, (102, 100): 8.0, (101, 100): 4.0}
    assert stop["ran"] == {
        "path": HERE.path,
        "line": 4,
        "function": "<module>",
        "call": 1,
        "raised": False,
        "left_out": 0,
        "not_shown": None,
        "first_nonfinite": None,
        "hooked": [],
    }
    x = next(flow for flow in stop["gradients"] if flow.get("tensor") == "x")
    assert (x["grad"]["values"], x["added"]) == ([4.0], False)


def test_a_backward_belongs_to_every_stop_since_the_one_before_whose_graph_holds_it():
    elsewhere = Tape()
    elsewhere.node("MulBackward0", key=900)
    stops = [stop_at(seed().snapshot(stop=number)) for number in (1, 2, 3)]
    other = stop_at(replace(elsewhere.snapshot(), stop=2))
    told = stops_of(
        stops[0], other, stops[1], stops[2], gradients=[seed_gradients(stop=2), seed_gradients(stop=3, backward=2)]
    )
    calls = [stop["ran"] and stop["ran"]["call"] for stop in told]
    assert calls == [1, None, 1, 2]


def test_another_sessions_gradients_are_not_its_own():
    (stop,) = stops_of(stop_at(seed().snapshot(), session="t"), gradients=[seed_gradients()])
    assert stop["gradients"] == []


def test_what_backward_will_raise_is_told_with_its_reason():
    tape = seed()
    tape.foresee(3, will_raise=WillRaise(reason="freed", node=4, freed_by=HERE, message="It was freed."))
    (stop,) = stops_of(stop_at(tape.snapshot()))
    assert stop["backward"]["root"] == "loss"
    assert stop["backward"]["will_raise"] == {
        "reason": "freed",
        "message": "It was freed.",
        "node": 104,
        "freed_by": {"path": HERE.path, "line": 4, "function": "<module>"},
    }


def test_hooks_are_told_with_the_place_of_their_code():
    tape = seed()
    tape.hook("show", tensor=1, line=7)
    (stop,) = stops_of(stop_at(tape.snapshot()))
    assert stop["tensors"][1]["hooks"] == [{"name": "show", "kind": "tensor_pre", "path": HERE.path, "line": 7}]


def test_findings_and_uncaught_exceptions_are_flat_objects():
    finding = Finding(
        kind="finding",
        rule="missing-zero-grad",
        severity="warning",
        message="Not cleared.",
        site=HERE,
        span=None,
        related=(Related(site=HERE, message="The earlier step."),),
        facts=(Fact(name="optimizer", value="SGD"),),
        fix=None,
        seen="live",
        foreseen=False,
        stop=0,
        count=2,
    )
    uncaught = Uncaught(kind="uncaught", type_name="RuntimeError", message="freed", site=None, stop=3)
    whole = run_object(Run(findings=[finding], uncaught=[uncaught], exit_code=1, notes=["A note."]))
    (told,) = whole["findings"]
    assert (told["rule"], told["severity"], told["path"], told["line"]) == (
        "missing-zero-grad",
        "warning",
        HERE.path,
        4,
    )
    assert told["related"][0]["message"] == "The earlier step."
    assert told["facts"] == {"optimizer": "SGD"}
    assert whole["uncaught"][0]["type"] == "RuntimeError"
    assert (whole["exit_code"], whole["notes"], whole["stops"]) == (1, ["A note."], [])

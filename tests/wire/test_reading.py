"""What fits the wire is read back equal; what does not is refused with its path."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapelens.errors import WireError
from tapelens.wire import VERSION
from tapelens.wire.commands import Arm
from tapelens.wire.encode import to_json
from tapelens.wire.envelope import Batch
from tapelens.wire.generate import declarations
from tapelens.wire.gradients import Gradients
from tapelens.wire.numbers import StatisticsColumns
from tapelens.wire.panel import Control
from tapelens.wire.processes import Goodbye
from tapelens.wire.reading import (
    read_batch,
    read_command,
    read_from_panel,
    read_to_panel,
    structure,
)
from tapelens.wire.snapshot import Snapshot
from tapelens.wire.strict import converter
from wire.strategies import values_of

BOUNDED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
PROCESS = {"pid": 3, "host": "h", "rank": None, "local_rank": None, "parent": 1, "restart": 0}
OBJECTS = [each.form for each in declarations() if dataclasses.is_dataclass(each.form)]


def batch(*messages: object, **changes: object) -> str:
    return json.dumps({"kind": "batch", "wire": VERSION, "process": PROCESS, "messages": messages} | changes)


def empty_snapshot(**changes: object) -> dict[str, Any]:
    def empty(kind: Any) -> Any:
        if dataclasses.is_dataclass(kind):
            hints = get_type_hints(kind)
            return {field.name: empty(hints[field.name]) for field in dataclasses.fields(kind)}
        return [] if "tuple" in str(kind) else {int: 0, str: "", bool: False}.get(kind)

    return empty(Snapshot) | {
        "kind": "snapshot",
        "lines": "off",
        "backward": {
            "root": -1,
            "expression": "",
            "chosen_by": "all",
            "will_raise": None,
            "nodes_freed": 0,
            "bytes_freed": 0,
            "hooks": [],
            "retains": False,
            "doubt": None,
        },
        **changes,
    }


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_every_type_is_read_back_as_it_was_written(kind: Any):
    @BOUNDED
    @given(values_of(kind))
    def holds(value: object) -> None:
        assert structure(json.loads(to_json(value)), kind) == value

    holds()


@pytest.mark.parametrize("kind", OBJECTS, ids=lambda kind: kind.__name__)
def test_the_bundles_encoder_writes_what_cattrs_writes(kind: Any):
    @BOUNDED
    @given(values_of(kind))
    def holds(value: object) -> None:
        assert to_json(value) == json.dumps(converter().unstructure(value), separators=(",", ":"), ensure_ascii=False)

    holds()


HELLO = {"kind": "hello", "wire": 1, "python": "3", "torch": None, "state": "watching", "cwd": "/", "missing": []}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "the message is no JSON: "),
        ("[" * 100_000, "the message is no JSON: "),
        ('{"kind":"batch","wire":NaN}', "the message is no JSON: NaN is no JSON number"),
        ("[]", "the message: expected an object (Batch), got an array"),
        ("{}", "kind: is missing"),
        (batch(kind="bunch"), 'kind: expected "batch", got str "bunch"'),
        (batch(wire="1"), 'wire: expected int, got str "1"'),
        (batch(wire=True), "wire: expected int, got bool true"),
        (batch(extra=1), "extra: Batch has no such field"),
        (batch(process=None), "process: expected an object (Process), got null"),
        (batch(process=PROCESS | {"rank": 0.0}), "process.rank: expected int, got float 0.0"),
        (batch(process={k: v for k, v in PROCESS.items() if k != "rank"}), "process.rank: is missing"),
        (batch(messages={}), "messages: expected an array, got an object"),
        (batch(7), "messages[0]: expected an object, got int 7"),
        (batch({"probe_us": 1}), 'messages[0].kind: expected one of "hello", "snapshot", '),
        (batch({"kind": ["goodbye"], "probe_us": 1}), "messages[0].kind: expected one of "),
        (
            batch({"kind": "goodbye", "probe_us": 1}, {"kind": "goodbye", "probe_us": "1"}),
            'messages[1].probe_us: expected int, got str "1"',
        ),
        (
            batch(HELLO | {"state": "watchin"}),
            'messages[0].state: expected one of "not_imported", "watching", "too_old", "switched_off", got str ',
        ),
        (
            batch(HELLO | {"missing": [1]}),
            "messages[0].missing[0]: expected str, got int 1",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(text: str, complaint: str):
    with pytest.raises(WireError) as refusal:
        read_batch(text)
    assert str(refusal.value).startswith(complaint)


@pytest.mark.parametrize(
    ("part", "column", "value", "complaint"),
    [
        ("tensors", "shape", [0, 1, 2, "x"], 'tensors.shape[3]: expected int, got str "x"'),
        ("tensors", "shape", [0, True], "tensors.shape[1]: expected int, got bool true"),
        ("tensors", "shape", None, "tensors.shape: expected an array, got null"),
        ("tensors", "names", [[0], [1, "x"]], 'tensors.names[1][1]: expected int, got str "x"'),
        ("tensors", "names", [[0], 1], "tensors.names[1]: expected an array, got int 1"),
        (
            "tensors",
            "grad",
            ["none", "some"],
            'tensors.grad[1]: expected one of "none", "held", "not_read", got str "some"',
        ),
        ("tensors", "grad", ["none", []], 'tensors.grad[1]: expected one of "none", "held", "not_read", got an array'),
        (
            "statistics",
            "norm",
            [1, 2.5, "nan", "Nan"],
            'statistics.norm[3]: expected float or one of "nan", "inf", "-inf", got str "Nan"',
        ),
        (
            "statistics",
            "first",
            [[1, 2], [None]],
            'statistics.first[1][0]: expected float or one of "nan", "inf", "-inf", got null',
        ),
    ],
)
def test_a_column_is_refused_with_the_place_in_it(part: str, column: str, value: object, complaint: str):
    snapshot = empty_snapshot()
    snapshot[part][column] = value
    with pytest.raises(WireError) as refusal:
        read_batch(batch(snapshot))
    assert str(refusal.value) == f"messages[0].{complaint}"


def test_columns_of_different_lengths_are_refused():
    snapshot = empty_snapshot()
    snapshot["edges"] |= {"source": [1, 2], "target": [1]}
    with pytest.raises(WireError) as refusal:
        read_batch(batch(snapshot))
    assert str(refusal.value) == "messages[0].edges: its columns differ in length: position has 0, source 2"


def test_sites_in_a_list_are_refused_with_their_place():
    site = {"path": "/a.py", "line": 1, "function": "f", "in_library": False}
    with pytest.raises(WireError, match=r'^messages\[0\]\.sites\[1\]\.line: expected int, got str "2"$'):
        read_batch(batch(empty_snapshot(sites=[site, site | {"line": "2"}])))


def test_an_int_is_good_as_a_float_and_a_number_too_large_is_not():
    def columns(norm: object) -> dict[str, Any]:
        return {
            field.name: [norm] if field.name == "norm" else [[]] if field.name == "first" else [0]
            for field in dataclasses.fields(StatisticsColumns)
        }

    read = structure(columns(3), StatisticsColumns)
    assert read.norm == (3.0,)
    assert type(read.norm[0]) is float
    for too_large in (10**400, json.loads("1e999")):
        with pytest.raises(WireError, match=r"^norm\[0\]: expected float or one of "):
            structure(columns(too_large), StatisticsColumns)


def test_a_float_that_json_cannot_write_is_refused_by_the_encoder():
    statistics = StatisticsColumns(
        count=(1,), norm=(float("nan"),), minimum=(0,), maximum=(0,), mean=(0,), nan=(1,), inf=(0,), first=((0,),)
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(statistics)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_batch, batch(wire=VERSION + 1, news="a field of that version")),
        (read_from_panel, json.dumps({"kind": "panel_hello", "wire": VERSION + 1, "token": ""})),
        (read_to_panel, json.dumps({"kind": "welcome", "wire": VERSION + 1, "version": "9"})),
    ],
)
def test_another_version_of_the_wire_is_said_in_one_sentence(read: Any, text: str):
    with pytest.raises(WireError) as refusal:
        read(text)
    sentence = str(refusal.value)
    assert f"speaks version {VERSION + 1} of tapelens' wire and this server version {VERSION}" in sentence
    assert sentence.count(".") == 1


def test_commands_and_panel_messages_are_told_apart_by_their_kind():
    assert read_command('{"kind":"arm","on":true}') == Arm(kind="arm", on=True)
    control = read_from_panel('{"kind":"control","session":"s","action":"next"}')
    assert control == Control(kind="control", session="s", action="next")
    with pytest.raises(
        WireError,
        match=r'^kind: expected one of "panel_hello", "control", "open_source", "ask_preview", "ask_tape", got',
    ):
        read_from_panel('{"kind":"arm","on":true}')


@BOUNDED
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_no_json_whatever_breaks_the_reader(value: object):
    for read in (read_batch, read_command, read_from_panel, read_to_panel):
        with pytest.raises(WireError):
            read(json.dumps(value))


def test_a_batch_says_what_was_sent():
    message = Goodbye(kind="goodbye", probe_us=5)
    assert read_batch(batch({"kind": "goodbye", "probe_us": 5})).messages == (message,)
    assert Batch in OBJECTS
    assert Gradients in OBJECTS

"""Sentences on a backward: who made a gradient not finite, and what was not seen."""

from __future__ import annotations

import math
from dataclasses import replace

from report.tapes import HERE, Numbers, seed, seed_gradients
from tapelens.report.flowed import flow_sentences, nonfinite_sentence
from tapelens.report.panel import panel_gradients
from tapelens.report.ran_json import ran_object
from tapelens.wire.gradients import EdgeGradients, FirstNonFinite, Gradients, HookedGradients, NodeGradients
from tapelens.wire.sites import Site

SQRT = FirstNonFinite(
    key=102,
    position=0,
    name="SqrtBackward0",
    nan=1,
    inf=0,
    site=Site(path="/home/ada/model.py", line=12, function="forward", in_library=False),
    module="encoder.norm",
    hook="",
)


def spoilt(found: FirstNonFinite, *, sent: float = math.nan, given: float = 1.0) -> Gradients:
    """The seed's backward, as if one node of it had made a gradient not finite."""
    numbers = Numbers()
    rows = numbers.add(given), numbers.add(sent)
    return replace(
        seed_gradients(),
        statistics=numbers.columns(),
        edges=EdgeGradients(source=(102,), position=(0,), target=(100,), input_nr=(0,), shape=(0,), statistics=(1,)),
        nodes=NodeGradients(key=(102,), output_nr=(0,), shape=(0,), statistics=(rows[0],)),
        first_nonfinite=found,
    )


def test_a_node_with_its_line_its_module_and_what_it_was_given_and_sent():
    assert nonfinite_sentence(spoilt(SQRT), seed().snapshot()) == (
        "`SqrtBackward0` (model.py:12, encoder.norm) turned finite gradients into 1 NaN: "
        "it was given 1 and sent nan to `x`."
    )


def test_a_node_of_which_nothing_more_is_known():
    found = replace(SQRT, site=None, module="", nan=2, inf=3)
    assert nonfinite_sentence(seed_gradients(), None) == ""
    bare = replace(spoilt(found), nodes=NodeGradients(key=(), output_nr=(), shape=(), statistics=()))
    assert nonfinite_sentence(bare, None) == "`SqrtBackward0` turned finite gradients into 2 NaN and 3 Inf."


def test_values_that_were_not_read_are_not_spoken_of():
    unread = replace(
        spoilt(SQRT),
        nodes=NodeGradients(key=(102,), output_nr=(0,), shape=(0,), statistics=(-1,)),
    )
    assert nonfinite_sentence(unread, seed().snapshot()).endswith("into 1 NaN, and sent them to `x`.")


def test_a_hook_by_its_name_with_what_it_was_given():
    found = replace(SQRT, position=-1, hook="clip", site=None, module="")
    hooked = HookedGradients(key=(102,), output_nr=(0,), where=("tensor",), before=(0,), after=(1,), changed=(1,))
    assert nonfinite_sentence(replace(spoilt(found), hooked=hooked), None) == (
        "The hook `clip` turned the finite gradient at `SqrtBackward0` into 1 NaN: 1 became nan."
    )
    unseen = replace(found, hook="a hook")
    assert nonfinite_sentence(spoilt(unseen), None).startswith("A hook turned the finite gradient")


def test_a_sum_that_left_the_range_and_a_backward_that_began_so():
    summed = replace(SQRT, position=-1, nan=0, inf=1)
    assert nonfinite_sentence(spoilt(summed), None) == (
        "Finite gradients came to `SqrtBackward0` (model.py:12, encoder.norm) along several edges, "
        "and their sum has 1 Inf."
    )
    begun = replace(SQRT, key=0, position=-1, name="", site=None, module="")
    assert nonfinite_sentence(spoilt(begun), None) == (
        "The gradient that this backward began with was not finite: 1 NaN."
    )


def test_what_was_not_watched_is_said():
    assert flow_sentences(replace(seed_gradients(), left_out=2), None) == [
        "2 nodes of the graph not watched, or not read whether finite."
    ]
    assert flow_sentences(replace(seed_gradients(), not_shown="compiled autograd runs it"), None) == [
        "Its gradients are not shown: compiled autograd runs it."
    ]
    assert flow_sentences(seed_gradients(), None) == []


def test_the_panel_is_told_the_sentence_with_the_names_of_its_stop():
    told = panel_gradients("s1", spoilt(SQRT), [])
    assert "sent nan" in told.nonfinite
    assert "`x`" not in told.nonfinite
    assert panel_gradients("s1", seed_gradients(), []).nonfinite == ""


def test_as_json():
    ran = ran_object(
        replace(
            spoilt(SQRT),
            hooked=HookedGradients(
                key=(102,), output_nr=(0,), where=("post_accumulate",), before=(0,), after=(-1,), changed=(1,)
            ),
        ),
        seed().snapshot(),
    )
    assert (ran["path"], ran["line"], ran["not_shown"]) == (HERE.path, HERE.line, None)
    assert {key: ran["first_nonfinite"][key] for key in ("node", "name", "position", "nan", "hook", "line")} == {
        "node": 102,
        "name": "SqrtBackward0",
        "position": 0,
        "nan": 1,
        "hook": None,
        "line": 12,
    }
    assert ran["first_nonfinite"]["message"].startswith("`SqrtBackward0` (model.py:12")
    (hooked,) = ran["hooked"]
    assert (hooked["where"], hooked["before"]["values"], hooked["after"], hooked["changed"]) == (
        "post_accumulate",
        [1.0],
        None,
        True,
    )

"""A long tape folds into stretches of one module each."""

from __future__ import annotations

from report.tapes import Tape
from tapelens.report.graph import groups
from tapelens.store.rows import node_rows


def test_a_leaf_belongs_to_the_module_that_uses_it_and_splits_no_stretch():
    tape = Tape()
    w, b = tape.tensor("w", requires_grad=1), tape.tensor("b", requires_grad=1)
    weight = tape.node("AccumulateGrad", leaf=w)
    turned = tape.node("TBackward0", weight, module="head")
    bias = tape.node("AccumulateGrad", leaf=b)
    product = tape.node("AddmmBackward0", bias, turned, module="head")
    tape.node("MeanBackward0", product)
    folded = groups(node_rows(tape.snapshot()))
    assert [(group.module, group.operations) for group in folded] == [
        ("head", "T and Addmm, on 2 leaves"),
        (None, "Mean"),
    ]

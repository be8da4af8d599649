"""Columns as row objects."""

from __future__ import annotations

from dataclasses import replace

from report.tapes import Tape, seed, seed_gradients
from tapelens.store.rows import (
    edge_gradient_rows,
    edge_rows,
    hook_rows,
    leaf_gradient_rows,
    node_gradient_rows,
    node_rows,
    saved_rows,
    tensor_rows,
)


def test_a_tensor_has_its_names_shape_and_node():
    x, y1, _, _ = tensor_rows(seed().snapshot())
    assert (x.name, x.names, x.shape, x.is_leaf, x.grad_fn) == ("x", ("x",), (), True, None)
    assert (y1.grad_fn, y1.grad_fn_key, y1.grad_fn_name, y1.is_leaf) == (1, 101, "AddBackward0", False)


def test_a_leaf_stands_in_the_graph_by_its_accumulate_grad():
    x = tensor_rows(seed().snapshot())[0]
    assert x.node == 0
    assert node_rows(seed().snapshot())[0].leaf == x.row


def test_a_leaf_that_no_name_reaches_is_called_by_its_class():
    tape = Tape()
    tape.tensor(type_name="Parameter", in_frame=0)
    (row,) = tensor_rows(tape.snapshot())
    assert (row.name, row.names, row.in_frame) == ("<Parameter>", (), False)


def test_three_valued_columns_read_as_true_false_and_none():
    tape = Tape()
    tape.tensor("t", is_leaf=1, requires_grad=0, retains_grad=-1)
    (row,) = tensor_rows(tape.snapshot())
    assert (row.is_leaf, row.requires_grad, row.retains_grad) == (True, False, None)


def test_hooks_are_given_to_their_tensors():
    tape = seed()
    tape.hook("show", tensor=1)
    snapshot = tape.snapshot()
    assert [hook.name for hook in tensor_rows(snapshot)[1].hooks] == ["show"]
    assert hook_rows(snapshot)[0].tensor == 1


def test_an_index_that_points_nowhere_reads_as_none():
    tape = seed()
    tape.tensors[0] |= {"shape": 10**6, "dtype": 10**6, "grad_statistics": 10**6, "module": -7}
    tape.nodes[0] |= {"site": 10**6, "leaf": 10**6}
    snapshot = replace(tape.snapshot(), strings=())
    x = tensor_rows(snapshot)[0]
    assert (x.name, x.shape, x.dtype, x.grad_statistics, x.module) == ("<Tensor>", None, None, None, None)
    assert node_rows(snapshot)[0].site is None
    assert (len(edge_rows(snapshot)), saved_rows(snapshot)) == (5, [])


def test_gradients_have_their_numbers():
    gradients = seed_gradients()
    first = edge_gradient_rows(gradients)[0]
    assert (first.source, first.target, first.shape) == (104, 103, ())
    assert first.statistics is not None
    assert first.statistics.first == (-4.0,)
    assert [row.key for row in node_gradient_rows(gradients)] == [104, 103, 102, 101, 100]
    (leaf,) = leaf_gradient_rows(gradients)
    assert (leaf.key, leaf.was_held, leaf.shape) == (100, False, ())

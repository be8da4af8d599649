"""Every number of the seed notebook, read from a stopped program through the real debugger.

The numbers are derived by hand: with x = 3, loss = (x + 1 - 2x)² has d loss/d y1 = 2(y1 - y2) = -4,
d loss/d y2 = 4 and d loss/d x = -4 · 1 + 4 · 2 = 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sessions.drive import Driven, driven, marked_lines
from tapelens.store.rows import (
    TensorRow,
    edge_gradient_rows,
    edge_rows,
    hook_rows,
    leaf_gradient_rows,
    node_gradient_rows,
    node_rows,
    saved_rows,
    tensor_rows,
)
from tapelens.wire.snapshot import Snapshot
from torch_features import needs_readable_saved_tensors

SEED = Path(__file__).parents[2] / "examples" / "seed"


async def snapshots(run: Driven, count: int) -> list[Snapshot]:
    found: list[Snapshot] = []
    for _ in range(count):
        stop = await run.next_stop()
        assert stop.snapshot is not None
        found.append(stop.snapshot)
        await run.go_on()
    return found


def program_and_lines(name: str, *marks: str) -> tuple[Path, list[int]]:
    (program,) = SEED.glob(f"*_{name}.py")
    lines = marked_lines(program)
    return program, [lines[mark] for mark in marks]


def by_name(snapshot: Snapshot) -> dict[str, TensorRow]:
    return {name: row for row in tensor_rows(snapshot) for name in row.names}


def numbers(row: TensorRow) -> Sequence[object]:
    assert row.grad_statistics is not None
    return row.grad_statistics.first


@needs_readable_saved_tensors
async def test_the_graph_grows_line_by_line_and_backward_frees_it():
    program, lines = program_and_lines(
        "growing_graph", "leaves only", "a first product", "and a sum", "the whole graph", "its buffers are freed"
    )
    async with driven(program, stops=lines, stop_on_uncaught=False) as run:
        leaves, product, total, whole, freed = await snapshots(run, 5)
    computing = [
        [node.name for node in node_rows(snapshot) if node.name != "AccumulateGrad"]
        for snapshot in (leaves, product, total, whole)
    ]
    assert computing[0] == []
    assert computing[1] == ["TBackward0", "MmBackward0"]
    assert computing[2] == ["TBackward0", "MmBackward0", "AddBackward0"]
    assert computing[3] == [*computing[2], "SubBackward0", "PowBackward0", "MeanBackward0"]
    assert [node.state for node in node_rows(whole) if node.name == "PowBackward0"] == ["alive"]
    assert [node.state for node in node_rows(freed) if node.name == "PowBackward0"] == ["freed"]
    assert by_name(freed)["w"].grad == "held"
    assert by_name(freed)["w"].grad_shape == (1, 2)
    assert by_name(freed)["loss"].grad == "none"


@needs_readable_saved_tensors
async def test_a_second_backward_is_foreseen_and_then_raises_what_was_foreseen():
    program, lines = program_and_lines("growing_graph", "about to run backward", "a second time")
    async with driven(program, stops=lines) as run:
        first, second = await snapshots(run, 2)
        assert first.backward.will_raise is None
        assert first.backward.chosen_by == "line"
        assert first.backward.nodes_freed > 0
        assert second.backward.expression == "loss"
        assert second.backward.will_raise is not None
        assert second.backward.will_raise.reason == "freed"
        assert second.backward.will_raise.freed_by is not None
        assert second.backward.will_raise.freed_by.line == lines[0]
        raised = await run.next_stop()
        assert raised.reason == "exception"
        (uncaught,) = run.store.uncaught(run.session.id)
        findings = run.store.findings(run.session.id)
    assert "Trying to backward through the graph a second time" in uncaught.message
    assert {(finding.rule, finding.foreseen, finding.severity) for finding in findings} == {
        ("double-backward", True, "information"),
        ("double-backward", False, "error"),
    }
    assert {finding.site.line for finding in findings} == {lines[1]}


@needs_readable_saved_tensors
async def test_my_relu_is_on_the_tape_with_what_it_saved_and_the_leaves_receive_4_5():
    program, lines = program_and_lines("own_function", "MyReLU on the tape", "what the leaves received")
    async with driven(program, stops=lines) as run:
        before, after = await snapshots(run, 2)
    (relu,) = [node for node in node_rows(before) if node.name == "MyReLUBackward"]
    assert relu.custom is not None
    assert Path(relu.custom.path) == program
    (saved,) = [one for one in saved_rows(before) if one.node == relu.row]
    assert (saved.shape, saved.state) == ((2, 1), "live")
    assert by_name(before)["y_hat"].grad_fn_name == "MyReLUBackward"
    assert numbers(by_name(after)["w"]) == (4.5, 4.5)
    assert numbers(by_name(after)["b"]) == (4.5,)


async def test_hooked_gradients_flow_4_to_y2_and_minus_4_to_y1_and_add_up_to_4():
    program, lines = program_and_lines("hooked_gradients", "two hooks wait", "gradients flowed")
    async with driven(program, stops=lines) as run:
        before, after = await snapshots(run, 2)
        (flowed,) = run.store.gradients(run.session.id)
        await run.run_to_end()
    assert run.printed.splitlines() == ["y2 receives 4.0", "y1 receives -4.0", "x.grad 4.0"]
    tensors = by_name(before)
    nodes = node_rows(before)
    keys = {name: row.grad_fn_key or 0 for name, row in tensors.items()}
    arrived = {row.key: row.statistics.first for row in node_gradient_rows(flowed) if row.statistics}
    assert arrived[keys["y1"]] == (-4.0,)
    assert arrived[keys["y2"]] == (4.0,)
    assert arrived[keys["loss"]] == (1.0,)
    edges = {(row.source, row.target): row.statistics.first for row in edge_gradient_rows(flowed) if row.statistics}
    key_of_x = next(node.key for node in nodes if node.leaf == tensors["x"].row)
    assert edges[keys["y1"], key_of_x] == (-4.0,)
    assert edges[keys["y2"], key_of_x] == (8.0,)
    assert {(nodes[edge.source].key, nodes[edge.target].key) for edge in edge_rows(before)} == set(edges)
    assert flowed.stop == before.stop
    (leaf,) = leaf_gradient_rows(flowed)
    assert not leaf.was_held
    assert leaf.statistics is not None
    assert leaf.statistics.first == (4.0,)
    hooks = hook_rows(before)
    assert len(hooks) == 2
    assert {hook.site.path for hook in hooks if hook.site} == {str(program)}
    assert numbers(by_name(after)["x"]) == (4.0,)


async def test_gradients_add_up_to_8_unless_something_clears_them():
    program, lines = program_and_lines("zeroing", "x.grad is 4", "x.grad is 8", "cleared", "x.grad is 4 again")
    async with driven(program, stops=lines) as run:
        four, eight, *ways = await snapshots(run, 2 + 2 * 4)
    assert numbers(by_name(four)["x"]) == (4.0,)
    assert numbers(by_name(eight)["x"]) == (8.0,)
    cleared, again = ways[::2], ways[1::2]
    found = [numbers(row) if row.grad == "held" else None for row in (by_name(one)["x"] for one in cleared)]
    assert found == [(0.0,), (0.0,), None, None]
    assert [numbers(by_name(one)["x"]) for one in again] == [(4.0,)] * 4
    assert run.printed.splitlines()[0] == "not cleared: 4.0 then 8.0"


async def test_only_the_leaf_keeps_a_gradient_and_the_others_say_why_not():
    from tapelens.report.sentences import tensor_sentences

    program, lines = program_and_lines("leaves", "only x has a gradient")
    async with driven(program, stops=lines) as run:
        (snapshot,) = await snapshots(run, 1)
    tensors = by_name(snapshot)
    facts = {name: (row.is_leaf, row.requires_grad, row.grad) for name, row in tensors.items()}
    assert facts == {
        "x": (True, True, "held"),
        "y1": (False, True, "none"),
        "y2": (False, True, "none"),
        "loss": (False, True, "none"),
    }
    assert numbers(tensors["x"]) == (4.0,)
    sentences = {sentence.tensor: sentence for sentence in tensor_sentences(snapshot)}
    for name in ("loss", "y1", "y2"):
        sentence = sentences[tensors[name].row]
        assert sentence.title == f"Why is {name}.grad None?"
        assert "not a leaf" in sentence.text
        assert f"{name}.retain_grad()" in sentence.advice


async def test_retain_grad_keeps_loss_grad_which_is_1():
    program, lines = program_and_lines("retain_grad", "loss retains its gradient", "loss.grad is 1")
    async with driven(program, stops=lines) as run:
        before, after = await snapshots(run, 2)
        await run.run_to_end()
    assert by_name(before)["loss"].retains_grad
    assert numbers(by_name(after)["loss"]) == (1.0,)
    assert numbers(by_name(after)["x"]) == (4.0,)
    assert run.printed == "loss.grad 1.0 x.grad 4.0\n"


async def test_forgotten_zero_grad_is_found_at_the_step_and_can_pause_there():
    (program,) = SEED.glob("*_forgotten_zero_grad.py")
    text = program.read_text(encoding="utf-8").splitlines()
    line = next(number for number, one in enumerate(text, 1) if "# expect: missing-zero-grad" in one)
    async with driven(program, pause_on=["missing-zero-grad"]) as run:
        stop = await run.next_stop()
        assert (stop.reason, stop.line) == ("missing-zero-grad", line)
        assert run.printed.count("epoch") == 1  # before the second step, which would use the old gradient
        (finding,) = run.store.findings(run.session.id)
        assert finding.site.line == line
        assert "model.weight" in finding.message
        await run.run_to_end()

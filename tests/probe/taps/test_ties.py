"""Which statement ties a graph to a name."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from tapelens.probe.taps.ties import Scope, Target, drops, find_tie, passed_on, target_of


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> Scope:
        path = tmp_path / "train.py"
        path.write_text(dedent(text))
        return Scope(str(path), None)

    return write


def local(name: str) -> Target:
    return Target(name, is_attribute=False)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("total", local("total")),
        ("losses[3]", local("losses")),
        ('metrics["loss"]', local("metrics")),
        ("self.history.losses", Target("losses", is_attribute=True)),
        ('trainer.log["a"][0]', Target("log", is_attribute=True)),
        ("store[<Key>]", local("store")),
    ],
)
def test_the_last_name_on_a_way_is_what_is_tied_to(path: str, target: Target):
    assert target_of(path) == target


@pytest.mark.parametrize(
    "line",
    [
        "x += loss",
        "x = x + loss",
        "x = 0.9 * x + 0.1 * loss",
        "x = cell(y, x)",
        "out, x = cell(y, x)",
        "(x, c) = cell(y, (x, c))",
        "x.append(loss)",
        "x.append({'loss': loss})",
        "x['loss'].append(loss)",
        "x.setdefault('loss', []).append(loss)",
        "x.extend([loss])",
        "x[step] = loss",
        "x += [loss]",
        "x: Tensor = x + loss",
    ],
)
def test_statements_that_tie(written, line: str):
    scope = written(f"for step in steps:\n    {line}\n")
    tie = find_tie(local("x"), [scope])
    assert tie is not None
    assert tie.site.line == 2
    assert tie.rank < 2


@pytest.mark.parametrize(
    "line",
    [
        "x += loss.item()",
        "x += float(loss)",
        "x += loss.detach() * n.item()",
        "x = x + loss.detach().cpu().item()",
        "x.append(loss.item())",
        "x.append([loss.tolist(), 3])",
        "x = x[-3:]",
        "x = x.detach()",
        "y += loss",
        "y.append(x)",
        "x.sort()",
    ],
)
def test_statements_that_do_not(written, line: str):
    assert find_tie(local("x"), [written(f"for step in steps:\n    {line}\n")]) is None


def test_without_a_graph_nothing_is_tied(written):
    scope = written("""
        with torch.no_grad():
            x += loss
        @torch.no_grad()
        def f():
            x.append(loss)
    """)
    assert find_tie(local("x"), [scope]) is None


def test_what_adds_goes_before_what_sets(written):
    scope = written("""
        def train():
            for batch in batches:
                hidden = outputs[-1]
                hidden += loss
    """)
    tie = find_tie(local("hidden"), [scope])
    assert tie is not None
    assert (tie.site.line, tie.site.function, tie.statement) == (5, "train", "hidden += loss")


def test_of_a_method_the_qualified_name_is_told(written):
    scope = written("""
        class Trainer:
            def step(self):
                def inner():
                    self.losses.append(loss)
    """)
    tie = find_tie(Target("losses", is_attribute=True), [scope])
    assert tie is not None
    assert tie.site.function == "Trainer.step.<locals>.inner"


@pytest.mark.parametrize(
    "line",
    ["x.clear()", "x.pop(0)", "del x[:]", "x[:] = []", "x = x[-10:]", "x = [loss, *x[:9]]", "x['loss'].popleft()"],
)
def test_statements_that_drop(written, line: str):
    assert drops(local("x"), [written(line)])


@pytest.mark.parametrize("line", ["x = []", "x.append(1)", "y.pop()", "del y[0]", "y = x[-1:]"])
def test_statements_that_do_not_drop(written, line: str):
    assert not drops(local("x"), [written(line)])


def test_functions_of_the_file_that_take_it_are_known(written):
    scope = written("""
        def log(store, value):
            store.append(value)
        class Meter:
            def put(self, n, into):
                into.append(n)
        log(curve, loss)
        meter.put(loss, into=curve)
    """)
    found = passed_on(local("curve"), [scope])
    assert [target.name for target, _ in found] == ["store", "into"]


def test_a_file_that_cannot_be_read_says_nothing(written):
    assert find_tie(local("x"), [written("def ("), Scope("/nowhere/x.py", 3)]) is None

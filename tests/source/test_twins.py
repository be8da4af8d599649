"""Source twins on files that are half typed, in several files, or not to be sure of."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.runner import programs
from tapelens.rules.catalogue import source_twins
from tapelens.source import Project, SourceFile

TEXTS = [path.read_text() for path in programs()]


def findings(file: SourceFile) -> list[tuple[str, int, str]]:
    return sorted(
        (Path(each.site.path).name, each.site.line, each.rule) for twin in source_twins() for each in twin(file)
    )


def said(text: str) -> list[tuple[int, str]]:
    return [(line, rule) for _, line, rule in findings(SourceFile("/home/me/train.py", textwrap.dedent(text)))]


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_half_typed_and_mangled_files_never_raise(chance: random.Random):
    lines = chance.choice(TEXTS).splitlines()
    match chance.randrange(4):
        case 0:
            lines = "\n".join(lines)[: chance.randrange(2000)].splitlines()
        case 1:
            for _ in range(3):
                del lines[chance.randrange(len(lines)) :][:1]
                lines.pop(chance.randrange(len(lines)))
        case 2:
            chance.shuffle(lines[len(lines) // 2 :])
            lines[0], lines[-1] = lines[-1], lines[0]
        case _:
            other = chance.choice(TEXTS).splitlines()
            lines = lines[: chance.randrange(len(lines))] + other[chance.randrange(len(other)) :]
    findings(SourceFile("/home/me/train.py", "\n".join(lines)))


def test_a_loop_that_drives_a_method_of_another_file_is_followed_there(tmp_path):
    (tmp_path / "engine.py").write_text(
        textwrap.dedent(
            """
            import torch

            class Engine:
                def __init__(self, model):
                    self.model = model
                    self.optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

                def step(self, x):
                    loss = self.model(x).square().mean()
                    loss.backward()
                    self.optimizer.step()
                    return loss.item()
            """
        )
    )
    main = tmp_path / "main.py"
    main.write_text(
        textwrap.dedent(
            """
            import torch
            from engine import Engine

            engine = Engine(torch.nn.Linear(3, 1))
            for _ in range(4):
                engine.step(torch.randn(2, 3))
            """
        )
    )
    project = Project(tmp_path)
    assert findings(SourceFile.read(main, project)) == [("engine.py", 12, "missing-zero-grad")]
    assert findings(SourceFile.read(main)) == []
    assert findings(SourceFile.read(tmp_path / "engine.py", project)) == []  # whoever calls it may clear


def test_whoever_gets_the_optimizer_may_clear():
    loop = """
        import torch
        from elsewhere import prepare

        model = torch.nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(4):
            {call}
            model(torch.randn(2, 3)).mean().backward()
            optimizer.step()
        """
    assert said(loop.format(call="prepare(optimizer)")) == []
    assert said(loop.format(call="prepare(model)")) == []
    assert said(loop.format(call="prepare({'all': [optimizer]})")) == []
    assert said(loop.format(call="prepare(lambda: optimizer.zero_grad())")) == []
    assert said(loop.format(call="getattr(optimizer, 'zero_grad')()")) == []
    assert said(loop.format(call="prepare(3)")) == [(10, "missing-zero-grad")]
    assert said(loop.format(call="print(optimizer)")) == [(10, "missing-zero-grad")]


def test_a_function_is_judged_by_what_its_parameters_are_called():
    assert said(
        """
        import torch

        def train(model, loader, optimizer, criterion):
            for x, y in loader:
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.step()
        """
    ) == [(8, "missing-zero-grad")]


def test_a_decorated_or_partial_helper_that_clears_is_seen():
    assert (
        said(
            """
            import functools
            import torch

            def timed(function):
                @functools.wraps(function)
                def inner(*args, **keywords):
                    return function(*args, **keywords)
                return inner

            @timed
            def clear(optimizer):
                optimizer.zero_grad()

            model = torch.nn.Linear(3, 1)
            optimizer = torch.optim.Adam(model.parameters())
            ready = functools.partial(clear, optimizer)
            for _ in range(4):
                ready()
                model(torch.randn(2, 3)).mean().backward()
                optimizer.step()
            """
        )
        == []
    )


def test_nothing_of_the_users_is_imported(tmp_path):
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')\n")
    main = tmp_path / "main.py"
    main.write_text("import torch\nimport trap\nx = torch.ones(1, requires_grad=True)\nx.mean().backward()\n")
    assert findings(SourceFile.read(main, Project(tmp_path))) == []

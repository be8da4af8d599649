"""A scenario whose faults in source are fixed no longer has them, in its source and as it runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.runner import HERE, programs, run
from tapelens.check.fixes import fixed
from tapelens.check.look import look, with_fix
from tapelens.source import SourceFile
from tapelens.wire.findings import Finding


def findings(text: str, path: Path) -> list[Finding]:
    return [with_fix(each, text) for each in look(SourceFile(str(path), text))]


FIXABLE = [path for path in programs() if any(each.fix is not None for each in findings(path.read_text(), path))]


@pytest.mark.parametrize("program", FIXABLE, ids=lambda path: str(path.relative_to(HERE)))
def test_what_was_fixed_is_gone_from_the_source_and_from_the_run(program: Path, tmp_path: Path):
    mended = tmp_path / program.name
    before = program.read_text()
    after, done = fixed(before, lambda text: findings(text, mended), path=str(mended), unsafe=True)
    assert done
    mended.write_text(after)
    rules = {each.rule for each in done}
    unfixed = {each.rule for each in findings(before, mended) if each.fix is None}
    assert SourceFile(str(mended), after).error is None
    assert {each.rule for each in findings(after, mended)}.isdisjoint(rules - unfixed), after
    watched = run(mended, taps=True)
    assert watched.faults == ()
    assert {rule for _, rule in watched.findings}.isdisjoint(rules - unfixed), after

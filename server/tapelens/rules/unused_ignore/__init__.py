"""A comment silences a rule that has nothing to say there.

What it flags: ``# tapelens: ignore[rule]`` where no finding of that rule is silenced by it, a rule in
it that does not exist, and a comment that names no rule at all.

Why it matters: the comment outlives the fault that it was written for, and silences the next one.
One with a misspelt rule never did anything.

Seen at run time: never.

Seen in the source: by ``tapelens lint`` and the language server, for comments only, never for text in
a string. For a rule that is also seen at run time it is information: what the source does not show,
a run may. For a rule that is seen at run time alone nothing is said.

What it cannot know: what a run would find there.

Example::

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()  # tapelens: ignore[mising-zero-grad]

Use instead::

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

Source: the rule's own; linters such as ruff (RUF100) and mypy (unused-ignore) do the same.
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="unused-ignore",
    severity="warning",
    summary="a comment silences a rule that has nothing to say there",
)

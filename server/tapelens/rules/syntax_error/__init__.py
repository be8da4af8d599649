"""A file could not be read as Python, so nothing in it was looked at.

What it flags: a file that does not parse, holds bytes that are no text, or may not be read. There is
one such finding for a file, at the place where reading it ended.

Why it matters: no other rule has seen the file. Silence there means nothing.

Seen at run time: never; Python itself says it.

Seen in the source: by ``tapelens lint``. The language server keeps showing what it found in the last
text that parsed, for half-typed code is no fault, and your editor says the rest.

What it cannot know: whether the file is meant for another Python. It is read by the one that runs
tapelens: an older one does not know newer syntax.

Example::

    for x in data
        optimizer.step()

Use instead::

    for x in data:
        optimizer.step()

Source: https://docs.python.org/3/library/ast.html#ast.parse
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="syntax-error",
    severity="error",
    summary="a file could not be read as Python, so nothing in it was looked at",
)

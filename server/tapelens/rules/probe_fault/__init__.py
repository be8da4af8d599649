"""A part of tapelens failed and fell silent; your program is unharmed.

What it flags: an error of tapelens' own, in a rule that was looking through a file. What failed looks
at nothing more there, and everything else goes on.

Why it matters: silence of that rule means nothing for the file. Please report it: the message holds
what went wrong.

Seen at run time: what fails inside your program goes quiet for the rest of the run; ``tapelens run``
says so on standard error, and it changes no exit status of your program's.

Seen in the source: by ``tapelens lint``, at the first line of the file. It sets the exit status 2,
which stands for "could not be done as asked" and not for findings.

What it cannot know: what the rule would have said.

Example::

    train.py:1: probe-fault: missing-zero-grad failed on this file (KeyError: 'step'): please report it

Use instead::

    tapelens lint --ignore missing-zero-grad train.py

Source: the rule's own.
"""

from __future__ import annotations

from ..model import Rule

RULE = Rule(
    slug="probe-fault",
    severity="information",
    summary="a part of tapelens failed and fell silent; your program is unharmed",
)

"""Program text, and what rules ask of it: its tree, torch's names, and a data flow of what a name may hold.

Nothing of the user's is executed or imported. A twin is a function over one :class:`SourceFile`::

    def missing_zero_grad(file: SourceFile) -> Iterator[Finding]:
        ...

A finding may lie in another file of the project: a loop here may drive a method over there.
"""

from __future__ import annotations

from .file import SourceFile, SourceTwin
from .finding import finding, related
from .project import Project

__all__ = ["Project", "SourceFile", "SourceTwin", "finding", "related"]

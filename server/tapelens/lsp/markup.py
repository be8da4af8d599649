"""The same text for clients that show Markdown and for those that do not; nothing of a debuggee's is markup."""

from __future__ import annotations

import re
from typing import Protocol

_SPECIAL = re.compile(r"([\\`*\[\]<>&~|]|(?<![^\W_])_|_(?![^\W_]))")
"""What Markdown or HTML reads as markup within a line; ``_`` inside a word is none."""

_LEADING = re.compile(r"^(?:([#+=-])|(\d+)([.)]))")
"""What makes a heading or a list at the beginning of a line."""

_TICKS = re.compile(r"`+")


class Markup(Protocol):
    """How pieces of a card are written."""

    def code(self, text: str) -> str:
        """A name or a type, as it stands in a program."""
        ...

    def strong(self, text: str) -> str:
        """A short title."""
        ...

    def prose(self, text: str) -> str:
        """A sentence."""
        ...

    def item(self, text: str) -> str:
        """A line of a list; ``text`` is written already."""
        ...

    def rule(self) -> str:
        """What stands between two cards."""
        ...


class Markdown:
    """CommonMark, as LSP's ``MarkupKind.Markdown``."""

    def code(self, text: str) -> str:
        """A code span, fenced by more ticks than it holds."""
        text = " ".join(text.split())
        longest = max((len(run) for run in _TICKS.findall(text)), default=0)
        fence = "`" * (longest + 1)
        space = " " if longest else ""
        return f"{fence}{space}{text}{space}{fence}"

    def strong(self, text: str) -> str:
        """Bold."""
        return f"**{self.prose(text)}**"

    def prose(self, text: str) -> str:
        """Text with every character that Markdown or HTML could read as markup taken as itself."""
        line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
        return _LEADING.sub(lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", line)

    def item(self, text: str) -> str:
        """A bullet."""
        return f"- {text}"

    def rule(self) -> str:
        """A line across."""
        return "\n\n---\n\n"


class PlainText:
    """LSP's ``MarkupKind.PlainText``."""

    def code(self, text: str) -> str:
        """As it is."""
        return " ".join(text.split())

    def strong(self, text: str) -> str:
        """As it is."""
        return self.code(text)

    def prose(self, text: str) -> str:
        """As it is."""
        return self.code(text)

    def item(self, text: str) -> str:
        """A bullet."""
        return f"- {text}"

    def rule(self) -> str:
        """An empty line."""
        return "\n\n"

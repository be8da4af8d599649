"""The page of each rule, as Markdown: for ``tapelens rules``, for docs/rules and for the editor's "explain".

``python -m tapelens.report.pages`` writes docs/rules; with ``--check`` it writes nothing and exits 1 when a
file there is stale.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from inspect import cleandoc
from pathlib import Path
from textwrap import dedent

from ..rules.catalogue import RULES, page
from ..rules.model import Rule

DOCS = Path(__file__).resolve().parents[3] / "docs" / "rules"
SHIPPED = Path(__file__).resolve().parent / "rules"
"""Where a wheel and the editor's extension keep the same files."""

UNSILENCED = ("syntax-error", "probe-fault")
"""No comment of a file silences what is said of the file as a whole."""

_HEADING = re.compile(r"^([A-Z][\w ]+?)(::|:)(?: |\n|$)")
_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z`\"(])")

INTRODUCTION = """\
# Rules

Made by `make generate` from the rules' own pages; `tapelens rules RULE` prints each of them.
*Run* is what a program under `tapelens run`, a debugger or the pytest plugin shows.
*Source* is what `tapelens lint` and the editor see without running anything.

"""


def page_markdown(rule: Rule) -> str:
    """A rule's page."""
    summary, _, rest = cleandoc(page(rule.slug)).partition("\n\n")
    parts = [f"# {rule.slug}", _facts(rule), _prose(summary)]
    for paragraph in _paragraphs(rest):
        parts.extend(_section(paragraph))
    if rule.thresholds:
        parts += ["## Thresholds", _thresholds(rule)]
    return "\n\n".join(parts) + "\n"


def index_markdown() -> str:
    """All rules, one a row."""
    rows = ["| rule | severity | run | source | fix | it is a fault when |", "| --- | --- | --- | --- | --- | --- |"]
    for rule in RULES:
        where = " | ".join("yes" if each else "" for each in (rule.runtime, rule.source, rule.fix))
        rows.append(f"| [{rule.slug}]({rule.slug}.md) | {rule.severity} | {where} | {rule.summary} |")
    return INTRODUCTION + "\n".join(rows) + "\n"


def page_file(slug: str) -> Path | None:
    """The file that holds a rule's page, None where none is at hand."""
    for folder in (SHIPPED, DOCS):
        file = folder / f"{slug}.md"
        if file.is_file():
            return file
    return None


def _paragraphs(text: str) -> Iterator[str]:
    """Stretches that begin with a heading, each with the blocks that belong to it."""
    held: list[str] = []
    for block in text.split("\n\n"):
        if held and _HEADING.match(block):
            yield "\n\n".join(held)
            held = []
        held.append(block)
    if held:
        yield "\n\n".join(held)


def _section(paragraph: str) -> Iterator[str]:
    heading = _HEADING.match(paragraph)
    if heading is None:
        yield _body(paragraph)
        return
    yield f"## {heading[1]}"
    rest = paragraph[heading.end() :].lstrip("\n")
    yield _body(rest, is_code=True) if heading[2] == "::" else _body(_capitalised(rest))


def _body(text: str, *, is_code: bool = False) -> str:
    """Prose and lists, indented blocks of code that follow ``::`` among them."""
    parts: list[str] = []
    code: list[str] = []
    for block in [*text.split("\n\n"), ""]:
        if is_code and block.startswith((" ", "\n")):
            code.append(block)
            continue
        if code:
            example = dedent("\n\n".join(code)).rstrip()
            parts.append(f"```python\n{example}\n```")
            code = []
        is_code = block.rstrip().endswith("::")
        if block:
            parts.append(_prose(block.replace("::", ":") if is_code else block))
    return "\n\n".join(parts)


def _capitalised(text: str) -> str:
    return text if text.startswith("http") else text[:1].upper() + text[1:]


def _prose(text: str) -> str:
    """One sentence a line; a list stays as it is."""
    text = text.replace("``", "`")
    if re.match(r"\s*[-*|] ", text):
        return text
    return _SENTENCE.sub("\n", " ".join(text.split()))


def _facts(rule: Rule) -> str:
    """Severity, where it is seen, how it is silenced: one line."""
    ways = [word for word, there in (("at run time", rule.runtime), ("in the source", rule.source)) if there]
    facts = [f"**{rule.severity}**", f"seen {' and '.join(ways)}" if ways else "said by tapelens itself"]
    if rule.fix:
        facts.append("mended by `tapelens lint --fix`")
    if rule.slug not in UNSILENCED:
        facts.append(f"silenced on a line by `# tapelens: ignore[{rule.slug}]`")
    return " · ".join(facts)


def _thresholds(rule: Rule) -> str:
    rows = [f"- `{each.name}` (default {each.default:g}): {each.meaning}" for each in rule.thresholds]
    head = f"In `pyproject.toml`, under `[tool.tapelens.thresholds.{rule.slug}]`:"
    return "\n".join([head, "", *rows])


def generated() -> dict[str, str]:
    """File name to text, for all of docs/rules."""
    return {"README.md": index_markdown()} | {f"{rule.slug}.md": page_markdown(rule) for rule in RULES}


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or say which are stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    only_check: bool = parser.parse_args(argv).check
    wanted = generated()
    there = {path.name: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in stale:
        if only_check:
            sys.stderr.write(f"docs/rules/{name} is stale: run `make generate`\n")
        elif name in wanted:
            DOCS.mkdir(parents=True, exist_ok=True)
            (DOCS / name).write_text(wanted[name], encoding="utf-8")
        else:
            (DOCS / name).unlink()
    return 1 if only_check and stale else 0


if __name__ == "__main__":
    sys.exit(main())

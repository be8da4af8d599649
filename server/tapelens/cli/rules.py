"""``tapelens rules``: the catalogue, and each rule's page."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace

from rich.markdown import Markdown

from ..report.pages import page_markdown
from ..report.text import console_for
from ..rules.catalogue import RULES
from .rule_names import check_rules

SUMMARY = "the rules, and what each of them means"
EPILOG = """\
examples:
  all rules, one a line:
      tapelens rules
  what one flags, why it matters and what to do instead:
      tapelens rules missing-zero-grad
"""


def add_arguments(parser: ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("rule", metavar="RULE", nargs="?", help="show this rule's page")


def main(options: Namespace) -> int:
    """Print the list or a page.

    Raises:
        UsageError: There is no such rule.
    """
    console = console_for(sys.stdout)
    if options.rule is None:
        width = max(len(rule.slug) for rule in RULES)
        for rule in RULES:
            console.print(f"{rule.slug:{width}}  {rule.severity:11}  {rule.summary}", soft_wrap=True)
        return 0
    (slug,) = check_rules([options.rule], option="rules")
    rule = next(each for each in RULES if each.slug == slug)
    text = page_markdown(rule)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        console.print(text, end="", soft_wrap=True)
    return 0

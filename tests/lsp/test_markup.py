"""What a debuggee says is never markup: judged by a real Markdown reader."""

from __future__ import annotations

import html

from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tapelens.lsp.markup import Markdown, PlainText

SAID = st.text(alphabet=st.sampled_from("ab1 _*`[]()<>&;~|#+-=.!\\/:\"'{}$\néλ_lt"), min_size=1, max_size=40)


def flat(text: str) -> str:
    return " ".join(text.split())


@given(SAID)
@example("__init__ _x_ a_b __a")
@example("<img src=x onerror=alert(1)>")
@example("[click](command:evil) ![x](y) &lt;b&gt; <https://x.y>")
@example("# title\n- item\n1. one\n> quote\n```\ncode")
@example("===")
def test_prose_reads_as_the_text_that_it_is(text):
    shown = MarkdownIt("commonmark").render(Markdown().prose(text))
    expected = f"<p>{html.escape(flat(text), quote=False)}</p>\n" if flat(text) else ""
    assert html.unescape(shown) == html.unescape(expected)
    assert shown.count("<") == expected.count("<")


@given(SAID)
@example("a``b`")
@example("`")
def test_code_reads_as_the_text_that_it_is(text):
    if not flat(text):
        return
    shown = MarkdownIt("commonmark").render(Markdown().code(text))
    assert html.unescape(shown.removeprefix("<p><code>").removesuffix("</code></p>\n")) == flat(text)


@given(SAID)
def test_in_a_list_prose_stays_in_its_item(text):
    words = Markdown()
    shown = MarkdownIt("commonmark").render("\n".join(words.item(f"x: {words.prose(text)}") for _ in range(2)))
    assert shown.count("<li>") == 2
    assert shown.count("<") == 6


def test_plain_text_is_left_alone():
    words = PlainText()
    assert words.prose("a_b *c*\n <d>") == "a_b *c* <d>"
    assert words.code("`x`") == "`x`"

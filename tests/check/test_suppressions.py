"""Which lines a ``# tapelens: ignore[...]`` counts for."""

from __future__ import annotations

import pytest

from tapelens.check.suppressions import read_suppressions


def read(text: str) -> list[tuple[tuple[str, ...], int, int]]:
    return [(each.rules, each.first_line, each.last_line) for each in read_suppressions(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1  # tapelens: ignore[a]\n", [(("a",), 1, 1)]),
        ("x = 1  # tapelens: ignore[a]", [(("a",), 1, 1)]),
        ("x = 1  #tapelens:ignore [ a ,b ]\n", [(("a", "b"), 1, 1)]),
        ("x = 1  # noqa: E501  # tapelens: ignore[a]  # for a reason\n", [(("a",), 1, 1)]),
        ("x = 1  # tapelens: ignore[a] # tapelens: ignore[b]\n", [(("a",), 1, 1), (("b",), 1, 1)]),
        ("x = 1  # tapelens: ignore\n", [((), 1, 1)]),
        ("x = 1  # tapelens: ignore[]\n", [((), 1, 1)]),
        ("x = 1  # tapelens: ignored[a]\n", []),
        ("x = '# tapelens: ignore[a]'\n", []),
        ('"""\n# tapelens: ignore[a]\n"""\n', []),
        ("x = (\n  1,\n)  # tapelens: ignore[a]\n", [(("a",), 1, 3)]),
        ("x = (\n  1,  # tapelens: ignore[a]\n)\n", [(("a",), 1, 3)]),
        ("x = 1 + \\\n  2  # tapelens: ignore[a]\ny = 2\n", [(("a",), 1, 2)]),
        ('x = """\n\n"""  # tapelens: ignore[a]\n', [(("a",), 1, 3)]),
        ("y = 1\n# tapelens: ignore[a]\n\nx = 1\nz = 2\n", [(("a",), 2, 4)]),
        ("for a in b:  # tapelens: ignore[a]\n    c(a)\n", [(("a",), 1, 1)]),
        ("for a in b:\n    # tapelens: ignore[a]\n    c(a)\n", [(("a",), 2, 3)]),
        ("x = 1\n# tapelens: ignore[a]\n", [(("a",), 2, 2)]),
        ("x = 1  # tapelens: ignore[a]\ny = (\n", [(("a",), 1, 1)]),
        ("x = 1  # tapelens: ignore[a]\n  y = 2\n z = 3\n", [(("a",), 1, 1)]),
        ("", []),
    ],
)
def test_a_comment_counts_for_its_statement(text: str, expected: list[tuple[tuple[str, ...], int, int]]):
    assert read(text) == expected


def test_a_comment_knows_where_it_stands():
    (mark,) = read_suppressions("é = 1  # why  # tapelens: ignore[a]\n")
    assert (mark.line, mark.column, mark.end_column) == (1, 15, 36)
    assert "é = 1  # why  # tapelens: ignore[a]\n"[14:35] == "# tapelens: ignore[a]"

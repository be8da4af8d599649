"""A file's text, tree and places in it."""

from __future__ import annotations

import ast

from tapelens.source import Project, SourceFile

PATH = "/home/me/train.py"


def test_columns_count_characters_though_the_tree_counts_bytes():
    file = SourceFile(PATH, 'größe = "ä"; x.backward()\n')
    assert file.tree is not None
    call = file.tree.body[1]
    span = file.span(call)
    line = file.lines[0]
    assert line[span.column - 1 : span.end_column - 1] == "x.backward()"


def test_a_broken_file_has_an_error_and_no_tree():
    file = SourceFile(PATH, "for x in range(3\n    print(x)\n")
    assert file.tree is None
    assert file.error is not None
    assert file.traces == ()


def test_text_that_no_parser_takes_is_an_error_too():
    for text in ("x = '\0'", "(" * 500 + ")" * 500, "\ud800"):
        file = SourceFile(PATH, text)
        assert (file.tree is None) == (file.error is not None)


def test_a_coding_line_decides_how_bytes_are_read(tmp_path):
    path = tmp_path / "latin.py"
    path.write_bytes("# -*- coding: latin-1 -*-\nname = 'ü'\n".encode("latin-1"))
    assert SourceFile.read(path).lines[1] == "name = 'ü'"
    path.write_bytes(b"# -*- coding: klingon -*-\n")
    assert SourceFile.read(path).error is not None
    path.write_bytes(b"name = '\xff'\n")
    assert SourceFile.read(path).error is not None


def test_functions_are_named_as_python_names_them():
    text = "class A:\n    def f(self):\n        def g():\n            pass\n        return g\nx = 1\n"
    file = SourceFile(PATH, text)
    assert [file.function_at(line) for line in (2, 4, 5, 6)] == ["A.f", "A.f.<locals>.g", "A.f", "<module>"]
    scope: dict[str, type] = {}
    exec(compile(ast.parse(text), PATH, "exec"), scope)
    assert scope["A"]().f().__qualname__ == "A.f.<locals>.g"


def test_an_import_leads_to_the_file_beside_it_and_an_editors_text_goes_before_the_disk(tmp_path):
    (tmp_path / "steps.py").write_text("one = 1\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("two = 2\n")
    project = Project(tmp_path)
    main = str(tmp_path / "main.py")
    found = project.module("steps", level=0, importer=main)
    assert found is not None
    assert found is project.module("steps", level=0, importer=main)
    inner = project.module("inner", level=1, importer=str(tmp_path / "package" / "other.py"))
    assert inner is not None
    assert inner.text == "two = 2\n"
    assert project.module("os", level=0, importer=main) is None
    opened = project.open(tmp_path / "steps.py", "one = 3\n")
    assert project.module("steps", level=0, importer=main) is opened
    project.close(tmp_path / "steps.py")
    assert project.module("steps", level=0, importer=main) is found

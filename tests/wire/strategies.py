"""Hypothesis strategies for wire types, made by reflection over their fields."""

from __future__ import annotations

import dataclasses
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

PRIMITIVES: dict[object, SearchStrategy[Any]] = {
    int: st.integers(-(2**53), 2**53),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=8),
    bool: st.booleans(),
    NoneType: st.none(),
}


def values_of(form: Any) -> SearchStrategy[Any]:
    """All values of a wire type."""
    if form in PRIMITIVES:
        return PRIMITIVES[form]
    if dataclasses.is_dataclass(form) and isinstance(form, type):
        hints = get_type_hints(form)
        if all(get_origin(column) is tuple for column in hints.values()):
            return st.integers(0, 3).flatmap(lambda length: tables_of(form, hints, length))
        return st.builds(form, **{field.name: values_of(hints[field.name]) for field in dataclasses.fields(form)})
    origin = get_origin(form)
    if origin is Literal:
        return st.sampled_from(get_args(form))
    if origin is tuple:
        return st.lists(values_of(get_args(form)[0]), max_size=3).map(tuple)
    assert origin in {Union, UnionType}, form
    return st.one_of([values_of(member) for member in get_args(form)])


def tables_of(form: type, hints: dict[str, Any], length: int) -> SearchStrategy[Any]:
    """Values of a type whose fields are the columns of one table."""
    columns = {
        name: st.lists(values_of(get_args(column)[0]), min_size=length, max_size=length).map(tuple)
        for name, column in hints.items()
    }
    return st.builds(form, **columns)

"""The one cattrs converter of the wire.

Primitives are strict: ``"3"`` is no int, ``True`` is no int; an int is good as a float. Columns are
looked through in one pass each, so that a snapshot of ten thousand nodes costs little.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache, partial
from itertools import chain
from types import UnionType
from typing import Any, Literal, NoReturn, Union, cast, get_args, get_origin, get_type_hints

from cattrs import Converter
from cattrs.errors import BaseValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn

from .numbers import Number

Hook = Callable[[Any, Any], Any]

SHOWN_AT_MOST = 60
"""Characters of a refused value that an error repeats."""


class Refused(Exception):
    """Something is not what the wire says; its path is known further out."""

    at = ""


class Ragged(Refused):
    """The columns of one table differ in length."""


class Unfit(Refused):
    """A value is of another type, or none of the words that may stand there."""

    def __init__(self, expected: str, value: object, at: str = "") -> None:
        super().__init__(f"expected {expected}, got {_shown(value)}")
        self.at = at


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "an array"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            text = text if len(text) <= SHOWN_AT_MOST else text[:SHOWN_AT_MOST] + "…"
            return f"{type(value).__name__} {text}"


def _exactly(kind: type) -> Hook:
    def read(value: Any, _: Any) -> Any:  # noqa: ANN401 (JSON in, a value of ``kind`` out)
        if type(value) is not kind:
            raise Unfit(kind.__name__, value)
        return value

    return read


def _read_float(value: object, _: object) -> float:
    if type(value) not in {int, float}:
        raise Unfit("float", value)
    try:
        number = float(cast("float", value))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("a finite float", value)
    return number


def _read_number(value: object, kind: object) -> Number:
    words = next(get_args(each) for each in get_args(kind) if get_origin(each) is Literal)
    if type(value) is str and value in words:
        return cast("Number", value)
    try:
        return _read_float(value, float)
    except Unfit:
        raise Unfit(f"float or one of {_listed(words)}", value) from None


def _listed(words: Iterable[object]) -> str:
    return ", ".join(json.dumps(word) for word in words)


def _read_literal(value: object, kind: object) -> object:
    words = get_args(kind)
    if not any(value == word and type(value) is type(word) for word in words):
        raise Unfit(f"one of {_listed(words)}" if len(words) > 1 else _listed(words), value)
    return value


# Columns --------------------------------------------------------------------------------------------------------------


def _array(value: object) -> list[Any]:
    if type(value) is not list:
        raise Unfit("an array", value)
    return cast("list[Any]", value)


def _item_check(item: Any) -> Callable[[Iterable[Any]], bool] | None:  # noqa: ANN401 (a type form)
    """A test of all of a column's values at once, None for items that need structuring one by one."""
    if item in {int, str, bool}:
        fit = {item}
        return lambda values: set(map(type, values)) <= fit
    if get_origin(item) is Literal:
        words = set(get_args(item))
        return lambda values: (
            (every := tuple(values)) == () or (set(map(type, every)) <= {str} and words.issuperset(every))
        )
    return None


def _column_hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 (a type form)
    """For ``tuple[X, ...]`` and ``tuple[tuple[X, ...], ...]`` of primitives: one pass over all values."""
    item = get_args(kind)[0]
    slow = converter.get_structure_hook(item)
    if fits := _item_check(item):

        def read_column(value: object, _: object) -> tuple[Any, ...]:
            values = _array(value)
            if not fits(values):
                _find_unfit(values, item, slow)
            return tuple(values)

        return read_column

    if get_origin(item) is tuple and (fits := _item_check(get_args(item)[0])):

        def read_rows(value: object, _: object) -> tuple[Any, ...]:
            rows = _array(value)
            if not set(map(type, rows)) <= {list} or not fits(chain.from_iterable(rows)):
                _find_unfit(rows, item, slow)
            return tuple(map(tuple, rows))

        return read_rows

    def read_each(value: object, _: object) -> tuple[Any, ...]:
        values = _array(value)
        try:
            return tuple([slow(each, item) for each in values])
        except (Refused, BaseValidationError):
            _find_unfit(values, item, slow)

    return read_each


def _find_unfit(values: Sequence[Any], item: object, read: Hook) -> NoReturn:
    for index, value in enumerate(values):
        try:
            read(value, item)
        except (Refused, BaseValidationError) as error:  # noqa: PERF203 (it runs once, for a refusal)
            _add_note(error, IterableValidationNote("", index, item))
            raise
    raise AssertionError("the column check and the item check differ")


def _add_note(error: BaseException, note: IterableValidationNote) -> None:
    """As ``add_note``, which Python 3.10 lacks."""
    error.__dict__.setdefault("__notes__", []).append(note)


# Objects --------------------------------------------------------------------------------------------------------------


def _object_hook(converter: Converter, kind: Any) -> Hook:  # noqa: ANN401 (a type form)
    read_fields = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)
    names = [field.name for field in fields(kind)]
    is_table = all(get_origin(form) is tuple for form in get_type_hints(kind).values())

    def read(value: object, _: object) -> object:
        if type(value) is not dict:
            raise Unfit(f"an object ({kind.__name__})", value)
        return read_fields(cast("dict[str, Any]", value), kind)

    def read_table(value: object, _: object) -> object:
        table = read(value, kind)
        lengths = {name: len(getattr(table, name)) for name in names}
        if len(set(lengths.values())) > 1:
            shortest, longest = min(names, key=lengths.__getitem__), max(names, key=lengths.__getitem__)
            raise Ragged(
                f"its columns differ in length: {shortest} has {lengths[shortest]}, {longest} {lengths[longest]}"
            )
        return table

    return read_table if is_table else read


def _is_union_of_objects(kind: object) -> bool:
    members = get_args(kind)
    return get_origin(kind) in {Union, UnionType} and bool(members) and all(is_dataclass(each) for each in members)


def _union_hook(converter: Converter, kind: object) -> Hook:
    by_tag = {get_args(get_type_hints(each)["kind"])[0]: each for each in get_args(kind)}
    hooks = {tag: converter.get_structure_hook(each) for tag, each in by_tag.items()}

    def read(value: object, _: object) -> object:
        if type(value) is not dict:
            raise Unfit("an object", value)
        message = cast("dict[str, Any]", value)
        tag = message.get("kind")
        if type(tag) is not str or tag not in hooks:
            raise Unfit(f"one of {_listed(by_tag)}", tag, at=".kind")
        return hooks[tag](message, by_tag[tag])

    return read


def _is_tuple(kind: object) -> bool:
    return get_origin(kind) is tuple


def _is_number(kind: object) -> bool:
    return bool(kind == Number)


@lru_cache(maxsize=1)
def converter() -> Converter:
    """The one reader of wire types; made once, it generates code for each type that it meets."""
    made = Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in (int, str, bool):
        made.register_structure_hook(kind, _exactly(kind))
    made.register_structure_hook(float, _read_float)
    made.register_structure_hook_func(lambda kind: get_origin(kind) is Literal, _read_literal)
    made.register_structure_hook_func(_is_number, _read_number)
    made.register_structure_hook_factory(is_dataclass, partial(_object_hook, made))
    made.register_structure_hook_factory(_is_tuple, partial(_column_hook, made))
    made.register_structure_hook_factory(_is_union_of_objects, partial(_union_hook, made))
    return made

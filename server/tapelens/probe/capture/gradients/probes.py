"""Between a table's hooks of the user's, looks of ours: nothing is replaced, and all is taken out again."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ...keys import key_of
from ..codes import callable_name
from ..guards import collector_held
from ..reading import Reading

if TYPE_CHECKING:
    import torch

Table = dict[Any, Callable[..., Any]]
"""Hooks in the order in which torch calls them: an ``OrderedDict`` that a tensor or a node holds."""

See = Callable[[int, tuple[Any, ...]], None]
"""Takes the number of hooks of the user's that ran before, and what a hook gets."""

_NAMED = 4  # hooks of a module's that one of torch's own is named by
_MODULE_HOOKS = ("torch/utils/hooks.py", "torch\\utils\\hooks.py")


class Probe:
    """A hook of ours: it is told which it is, and what a hook gets.

    Attributes:
        see: What it calls.
    """

    __slots__ = ("_index", "see")
    __torch_unserializable__ = True  # whoever saves a tensor meanwhile is not warned of our hook

    def __init__(self, index: int, see: See) -> None:
        self._index = index
        self.see = see

    def __call__(self, *given: Any) -> None:  # noqa: ANN401 (what torch gives to hooks)
        """Look, and give nothing back: torch goes on with what it has."""
        self.see(self._index, given)


def users_of(table: Table) -> dict[Any, str]:
    """Names of the user's hooks in order; empty when all there are torch's own.

    Empty too while another thread's backward is watched between them: one can be at a time.
    """
    names = {key: hook_name(hook) for key, hook in table.items() if type(hook) is not Probe}
    is_taken = any(type(key) is Probe for key in table)  # as ``interleave`` puts them
    return names if any(names.values()) and not is_taken else {}


def hook_name(hook: Any) -> str:  # noqa: ANN401 (anything that can be called)
    """What a person calls a hook; empty for one of torch's own that has none of the user's behind it.

    Source:
        A module's full backward hooks are called by ``BackwardHook`` of torch/utils/hooks.py, which
        puts a closure on the nodes before and after the module.
    """
    name, code = callable_name(hook)
    if code is None or not code.co_filename.endswith(_MODULE_HOOKS):
        return name
    for cell in hook.__closure__ or ():
        held = cell.cell_contents
        if type(held).__name__ == "BackwardHook":
            behind = list(held.user_hooks)
            if "setup_output_hook" in hook.__qualname__:
                behind = [*held.user_pre_hooks, *(behind if held.input_tensors_index is None else ())]
            return " and ".join(callable_name(user)[0] for user in behind[:_NAMED])
    return name


def interleave(table: Table, users: Iterable[Any], see: See) -> Callable[[], None]:
    """Put a probe before the first of the user's hooks and one after each; returned is what takes them out.

    NOTE [one step]: another thread may be running the same hooks, and torch takes the table's values
    as they are at that moment. So they are put in their new order by one call that runs no Python
    code: no thread, no finalizer comes between.
    """
    keys: list[Any] = []
    otherwise: list[Callable[..., None]] = []
    probes = [Probe(0, see)]
    keys.append(probes[0])
    otherwise.append(probes[0])
    for index, user in enumerate(users, 1):
        probes.append(Probe(index, see))
        keys += (user, probes[-1])
        otherwise += (_gone, probes[-1])
    with collector_held():
        list(map(table.__setitem__, keys, map(table.pop, keys, otherwise)))

    def take_out() -> None:
        for probe in probes:
            table.pop(probe, None)

    return take_out


def _gone(*_given: object) -> None:
    """In the place of a hook that was removed while it was moved."""


class HookedOutput(NamedTuple):
    """A tensor of the program's that has hooks, by the node's output that it is.

    NOTE [reference to a table]: the table lives as long as the tensor or its node; a weak reference
    to it is none to a tensor.
    """

    key: int
    output_nr: int
    table: weakref.ref[Table]


def hooked_outputs(readings: Iterable[Reading]) -> Iterator[HookedOutput]:
    """The non-leaf tensors that have hooks."""
    base = sys.modules["torch"]._C.TensorBase
    for reading in readings:
        if reading.node is None:
            continue
        table = base._backward_hooks.__get__(reading.tensor)
        if table:
            yield HookedOutput(key_of(reading.node), reading.output_nr, weakref.ref(table))


def tables_of_leaf(leaf: torch.Tensor) -> tuple[Table | None, Table | None]:
    """Hooks of a leaf before and after its ``.grad`` is accumulated."""
    base = sys.modules["torch"]._C.TensorBase
    return base._backward_hooks.__get__(leaf) or None, base._post_accumulate_grad_hooks.__get__(leaf) or None

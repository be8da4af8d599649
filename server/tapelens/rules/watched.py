"""Which optimizers' iterations were seen whole: calls of modules are watched in some only."""

from __future__ import annotations

from ..events import Event, ForwardsWatched, OptimizerMade, StepEnded


class Watched:
    """Hears when calls are watched, and when iterations begin."""

    def __init__(self) -> None:
        self._on = False
        self._whole: set[int] = set()

    def hear(self, event: Event) -> None:
        """Take one event, before the rule judges by it."""
        match event:
            case ForwardsWatched():
                self._on = event.on
                self._whole.clear()
            case OptimizerMade() | StepEnded():
                if self._on:
                    self._whole.add(event.optimizer)
            case _:
                return

    def is_whole(self, optimizer: int) -> bool:
        """The optimizer's running iteration has been watched from its beginning."""
        return optimizer in self._whole

"""Which thread runs, by a number that is never used twice."""

from __future__ import annotations

import itertools
import threading


class ThreadSerials(threading.local):
    """``serial`` is the calling thread's own.

    NOTE [threads that get the number of one that ended]: the system's numbers are used again, and so
    are the ids of tensors that went with the thread, while autograd's clock begins at 0 anew: what was
    known of the one would be taken for the other's.

    Args:
        serials: Shared by all threads.
    """

    def __init__(self, serials: itertools.count[int]) -> None:
        self.serial = next(serials)  # on each thread anew


def thread_serials() -> ThreadSerials:
    """Numbers from 1 on."""
    return ThreadSerials(itertools.count(1))

import contextlib

import torch

w = torch.ones(3, requires_grad=True)
kept = []


def raises(x):
    kept.append(x * 2)  # makes: MulBackward0 x4
    raise ValueError


def passes(x):
    try:
        raises(x)
    finally:
        kept.append(x.exp())  # makes: ExpBackward0 x4


def attempt(x):
    try:
        passes(x)
    except ValueError:
        return x.sin()  # makes: SinBackward0 x2
    return None


class Swallows:
    def __enter__(self):
        return w + 1  # makes: AddBackward0

    def __exit__(self, *_):
        kept.append(w.tan())  # makes: TanBackward0
        return True


total = attempt(w) + attempt(w) * 3  # makes: MulBackward0, AddBackward0
with contextlib.suppress(ValueError):
    passes(w)
after = w.cos()  # makes: CosBackward0
with Swallows() as entered:
    passes(entered)
beyond = w.abs()  # makes: AbsBackward0


class Lookup(dict):
    def __missing__(self, key):
        kept.append(w.neg())  # makes: NegBackward0
        raise KeyError(key)


looked = Lookup().get(1, w), 1 in Lookup(), [Lookup()[1] for _ in ()]
with contextlib.suppress(KeyError):
    Lookup()[1] + w
found = w.log()  # makes: LogBackward0
kept += [total, after, beyond, found]

import itertools

import torch

w = torch.ones(3, requires_grad=True)


def doubled(values):
    for value in values:
        yield value * 2  # makes: MulBackward0 x6


def delegating(values):
    first = yield from doubled(values[:1])
    assert first is None
    yield values[0] + 1  # makes: AddBackward0


def echo():
    sent = None
    while True:
        if sent is None:
            sent = (yield sent) - 1  # makes: SubBackward0
        sent = (yield sent.exp()).sin()  # makes: ExpBackward0 x2, SinBackward0


def closing():
    try:
        yield w.cos()  # makes: CosBackward0
    finally:
        kept.append(w.tan())  # makes: TanBackward0


def catching():
    try:
        yield w.tanh()  # makes: TanhBackward0
    except KeyError:
        yield w.sinh()  # makes: SinhBackward0


kept = []
pairs = zip(doubled([w, w]), doubled([w, w]))
total = sum(a + b.exp() for a, b in pairs)  # makes: ExpBackward0 x2, AddBackward0 x4
kept.append(total)
kept += delegating([w])
speaker = echo()
next(speaker)
kept.append(speaker.send(w).neg())  # makes: NegBackward0
kept.append(speaker.send(w))
one = closing()
kept.append(next(one).abs() + 1)  # makes: AbsBackward0, AddBackward0
one.close()
other = catching()
kept.append(next(other))
kept.append(other.throw(KeyError()).sqrt())  # makes: SqrtBackward0
endless = (w / n for n in itertools.count(1))  # makes: DivBackward0 x2
kept.append(next(endless) + next(endless))  # makes: AddBackward0
lazily = doubled([w])
kept.append([w.log(), *lazily][1].log())  # makes: LogBackward0

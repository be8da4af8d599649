import functools

import torch

w = torch.ones(3, requires_grad=True)
halves = [w / n for n in (1, 2)]  # makes: DivBackward0 x2
table = {
    n: w * n  # makes: MulBackward0 x2
    for n in (1, 2)
}
nested = [[each.exp() for each in pair] for pair in (halves, halves)]  # makes: ExpBackward0 x4
chosen = [each.sin() for each in halves if (each.cos() > 0).all()]  # makes: SinBackward0 x2
mapped = list(map(lambda each: each.tan(), halves))  # makes: TanBackward0 x2
folded = functools.reduce(lambda a, b: a + b, halves).abs()  # makes: AddBackward0, AbsBackward0
negated = []
ordered = sorted(halves, key=lambda each: negated.append(each.neg()) or 0)  # makes: NegBackward0 x2


class Body:
    made = w.sqrt()  # makes: SqrtBackward0

    @property
    def late(self):
        return self.made.log()  # makes: LogBackward0

    def __getattr__(self, name):
        return w.tanh()  # makes: TanhBackward0

    def __mul__(self, other):
        return self.late * other  # makes: MulBackward0


def defaults(x=w.sinh()):  # makes: SinhBackward0
    return x


def closure():
    return [(lambda: w - n)() for n in (1, 2)]  # makes: SubBackward0 x2


@functools.lru_cache
def cached():
    return w.cosh()  # makes: CoshBackward0


exec("made = w.ceil()", scope := {"w": w})
assert cached() is cached()
kept = [halves, table, nested, chosen, mapped, folded, negated, Body() * 2, Body().anything]
kept += [defaults(), closure(), cached()]

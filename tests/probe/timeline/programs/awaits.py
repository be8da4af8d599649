import asyncio
import contextlib

import torch

w = torch.ones(3, requires_grad=True)


async def slow(x):
    y = x * 2  # makes: MulBackward0 x5
    await asyncio.sleep(0)
    return y.exp()  # makes: ExpBackward0 x5


async def numbers():
    for n in (1, 2):
        yield w / n  # makes: DivBackward0 x2
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def opened():
    yield w.cos()  # makes: CosBackward0
    kept.append(w.tan())  # makes: TanBackward0


async def main():
    z = await slow(w) + await slow(w) * 3  # makes: MulBackward0, AddBackward0
    kept.append(z)
    a, b = await asyncio.gather(slow(w), slow(w))
    kept.append(a - b)  # makes: SubBackward0
    async for each in numbers():
        kept.append(each.sin())  # makes: SinBackward0 x2
    kept.extend([each.neg() async for each in nothing()])
    async with opened() as entered:
        kept.append(entered.abs())  # makes: AbsBackward0
    task = asyncio.create_task(slow(w))
    kept.append((await task).sqrt())  # makes: SqrtBackward0


async def nothing():
    return
    yield


kept = []
asyncio.run(main())

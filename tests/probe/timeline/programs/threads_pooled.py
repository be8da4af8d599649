from concurrent.futures import ThreadPoolExecutor

import torch

w = torch.ones(3, requires_grad=True)
kept = []


def work(x):
    while torch._C._autograd._get_sequence_nr() < 10:
        x * 1
    return x.cos()  # makes[unknown]: CosBackward0


with ThreadPoolExecutor(1) as pool:
    kept.append(pool.submit(work, w).result())
    while torch._C._autograd._get_sequence_nr() < 20:  # further than the worker, which is idle
        w * 1
    kept.append(w.neg())  # makes: NegBackward0

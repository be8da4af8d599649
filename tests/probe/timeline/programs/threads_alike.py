import threading

import torch

w = torch.ones(3, requires_grad=True)
kept = []


def work(x):
    kept.append(x.exp())  # makes[unknown]: ExpBackward0 x2


for _ in range(2):  # each counts its nodes from 0
    worker = threading.Thread(target=work, args=(w,))
    worker.start()
    worker.join()
while torch._C._autograd._get_sequence_nr() < 10:
    w * 1
kept.append(w.sin())  # makes: SinBackward0

import threading

import torch


def count_to(number):
    while torch._C._autograd._get_sequence_nr() < number:
        w * 1


def work(x):
    kept.append(x.tan())  # makes[unknown]: TanBackward0
    count_to(10)  # further than the main thread will
    y = x.exp()  # makes: ExpBackward0
    kept.append(y.sin())  # makes: SinBackward0


w = torch.ones(3, requires_grad=True)
kept = [w * 2]  # makes[unknown]: MulBackward0
worker = threading.Thread(target=work, args=(w,))
worker.start()
worker.join()
kept.append(kept[-1] + 1)  # makes[unknown]: AddBackward0

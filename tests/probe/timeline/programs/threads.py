import threading

import torch

w = torch.ones(3, requires_grad=True)
before = w * 2  # makes: MulBackward0
kept = [before]


def work(x):
    y = x.exp()  # makes: ExpBackward0
    kept.append(y.sin())  # makes: SinBackward0


worker = threading.Thread(target=work, args=(w,))
worker.start()
worker.join()
after = kept[1] + before  # makes: AddBackward0
kept.append(after)

"""Clipping between the sum and the step does not mend it."""

import torch

encoder, decoder = torch.nn.Linear(4, 2), torch.nn.Linear(2, 4)
weights = [*encoder.parameters(), *decoder.parameters()]
optimizer = torch.optim.SGD(weights, lr=0.1)


def losses(x):
    code = encoder(x)
    reconstruction = (decoder(code) - x).square().mean()
    return reconstruction, code.square().mean()


for _ in range(4):
    optimizer.zero_grad(set_to_none=False)
    reconstruction, prior = losses(torch.randn(4, 4))
    torch.autograd.backward(reconstruction, retain_graph=True)
    torch.autograd.backward(reconstruction + prior)  # expect: repeated-backward-accumulates
    torch.nn.utils.clip_grad_norm_(weights, 0.1)
    optimizer.step()

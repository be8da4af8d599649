"""The generator's turn runs the fake images' graph that the discriminator's turn freed."""

import torch

generator, discriminator = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
optim_g = torch.optim.SGD(generator.parameters(), lr=0.1)
optim_d = torch.optim.SGD(discriminator.parameters(), lr=0.1)


def main():
    for _ in range(4):
        fake = generator(torch.randn(4, 2)).tanh()
        optim_d.zero_grad()
        (discriminator(fake).mean() - discriminator(torch.randn(4, 2)).mean()).backward()
        optim_d.step()
        optim_g.zero_grad()
        g_loss = -discriminator(fake).mean()
        g_loss.backward()  # expect: double-backward
        optim_g.step()


main()

"""The generator's loss fills the discriminator's gradients, which are cleared before its own turn."""

import torch

generator = torch.nn.Linear(2, 3)
discriminator = torch.nn.Linear(3, 1)
g_optimizer = torch.optim.Adam(generator.parameters(), lr=0.01)
d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=0.01)
score = torch.nn.functional.binary_cross_entropy_with_logits
for _ in range(10):
    real, noise = torch.randn(8, 3), torch.randn(8, 2)
    fake = generator(noise)
    d_optimizer.zero_grad()
    d_loss = score(discriminator(real), torch.ones(8, 1)) + score(discriminator(fake.detach()), torch.zeros(8, 1))
    d_loss.backward()
    d_optimizer.step()
    g_optimizer.zero_grad()
    g_loss = score(discriminator(fake), torch.ones(8, 1))
    g_loss.backward()  # adds to what the discriminator's step has just used
    g_optimizer.step()

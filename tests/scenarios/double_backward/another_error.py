"""Another error out of a backward is another matter."""

import torch

x = torch.ones(3, requires_grad=True)
(x * 2).backward()

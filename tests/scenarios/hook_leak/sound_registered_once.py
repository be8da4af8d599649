"""A guard sees to it that the hook is there once, however often setup runs."""

import torch


class Monitor:
    def __init__(self):
        self.handle = None
        self.values = []

    def attach(self, layer):
        if self.handle is None:
            self.handle = layer.register_full_backward_hook(self.see)

    def see(self, module, grad_input, grad_output):
        self.values.append(grad_output[0].abs().mean().item())


model = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Linear(3, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
monitor = Monitor()
for _ in range(5):
    monitor.attach(model[0])
    optimizer.zero_grad()
    model(torch.ones(4, 3)).square().mean().backward()
    optimizer.step()
print(len(monitor.values))

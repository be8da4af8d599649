"""A logger of activations in a class of its own: it reads gradients of what a forward hook saved."""

from dataclasses import dataclass, field

import torch


@dataclass
class Logger:
    outputs: dict[str, torch.Tensor] = field(default_factory=dict)
    norms: list[float] = field(default_factory=list)

    def attach(self, model: torch.nn.Module) -> None:
        for name, module in model.named_children():
            module.register_forward_hook(lambda _module, _inputs, output, name=name: self.save(name, output))

    def save(self, name: str, output: torch.Tensor) -> None:
        self.outputs[name] = output

    def collect(self) -> None:
        for name in self.outputs:
            activation = self.outputs[name]
            if activation.grad is not None:  # expect[live]: nonleaf-grad
                self.norms.append(activation.grad.norm().item())


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
logger = Logger()
logger.attach(model)
for _ in range(4):
    optimizer.zero_grad()
    model(torch.randn(2, 3)).square().mean().backward()
    logger.collect()
    optimizer.step()

"""An optimizer after AdaHessian: it differentiates the gradients at every third step."""

import torch


class Curvature(torch.optim.Optimizer):
    def __init__(self, params, lr=0.01, every=3):
        super().__init__(params, {"lr": lr})
        self.every, self.count = every, 0

    def step(self, closure=None):
        self.count += 1
        weights = [weight for group in self.param_groups for weight in group["params"]]
        if self.count % self.every == 0:
            gradients = [weight.grad for weight in weights]
            signs = [torch.randint_like(gradient, 2) * 2 - 1 for gradient in gradients]
            products = torch.autograd.grad(gradients, weights, grad_outputs=signs)
            self.diagonal = [(sign * product).abs() for sign, product in zip(signs, products, strict=True)]
        with torch.no_grad():
            for weight in weights:
                weight.sub_(weight.grad, alpha=self.param_groups[0]["lr"])


model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
optimizer = Curvature(model.parameters())
for _ in range(4):
    optimizer.zero_grad()
    model(torch.randn(4, 3)).square().mean().backward(create_graph=True)
    optimizer.step()

"""skorch, ignite, opacus, pyro, higher and torch_geometric."""

import warnings

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sound.corpus import each, sound

warnings.simplefilter("ignore")


def network():
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))


def loader(batch_size=4):
    x = torch.randn(48, 6)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=batch_size)


@each(["regressor", "classifier"])
def skorch_fit(name):
    import skorch

    x = np.random.default_rng(0).normal(size=(48, 6)).astype("float32")
    if name == "regressor":
        net = skorch.NeuralNetRegressor(network, max_epochs=3, lr=0.01, batch_size=8, verbose=0)
        net.fit(x, x.sum(1, keepdims=True))
    else:
        classify = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2), nn.Softmax(-1))
        net = skorch.NeuralNetClassifier(classify, max_epochs=3, lr=0.01, batch_size=8, verbose=0)
        net.fit(x, (x.sum(1) > 0).astype("int64"))


@each(["plain", "accumulation"])
def ignite_trainer(name):
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer

    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    trainer = create_supervised_trainer(
        model, optimizer, nn.MSELoss(), gradient_accumulation_steps=2 if name == "accumulation" else 1
    )
    evaluator = create_supervised_evaluator(model)
    trainer.add_event_handler(Events.EPOCH_COMPLETED, lambda _: evaluator.run(loader()))
    trainer.run(loader(), max_epochs=2)


@each(["plain", "virtual_steps", "ghost"])
def opacus_private(name):
    import opacus
    from opacus.utils.batch_memory_manager import BatchMemoryManager

    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    engine = opacus.PrivacyEngine()
    criterion = nn.MSELoss()
    made = engine.make_private(
        module=model, optimizer=optimizer, data_loader=loader(8), noise_multiplier=1.0, max_grad_norm=1.0,
        **({"grad_sample_mode": "ghost", "criterion": criterion} if name == "ghost" else {}),
    )  # fmt: skip
    if name == "ghost":
        model, optimizer, criterion, batches = made
    else:
        model, optimizer, batches = made

    def train(batches):
        for x, y in batches:
            if not len(x):
                continue
            optimizer.zero_grad()
            criterion(model(x), y).backward()
            optimizer.step()

    for _ in range(2):
        if name == "virtual_steps":
            with BatchMemoryManager(data_loader=batches, max_physical_batch_size=3, optimizer=optimizer) as smaller:
                train(smaller)
        else:
            train(batches)


@each(["svi", "hmc"])
def pyro_inference(name):
    import pyro
    import pyro.distributions as dist
    from pyro.infer import MCMC, NUTS, SVI, Trace_ELBO
    from pyro.infer.autoguide import AutoNormal

    seen = torch.randn(20) + 1

    def model():
        mean = pyro.sample("mean", dist.Normal(0.0, 1.0))
        with pyro.plate("data", len(seen)):
            pyro.sample("seen", dist.Normal(mean, 1.0), obs=seen)

    if name == "svi":
        inference = SVI(model, AutoNormal(model), pyro.optim.ClippedAdam({"lr": 0.01}), Trace_ELBO())
        for _ in range(15):
            inference.step()
    else:
        MCMC(NUTS(model), num_samples=6, warmup_steps=4, disable_progbar=True).run()


@sound
def higher_meta():
    import higher

    model = network()
    meta = torch.optim.Adam(model.parameters(), lr=0.01)
    inner = torch.optim.SGD(model.parameters(), lr=0.1)
    batches = iter(loader(2))
    for _ in range(8):
        meta.zero_grad()
        for x, y in (next(batches), next(batches)):
            with higher.innerloop_ctx(model, inner, copy_initial_weights=False) as (functional, differentiable):
                for _ in range(2):
                    differentiable.step(nn.functional.mse_loss(functional(x), y))
                nn.functional.mse_loss(functional(x), y).backward()
        meta.step()


@each(["gcn", "gat"])
def geometric(name):
    from torch_geometric.data import Data
    from torch_geometric.nn import GATConv, GCNConv

    graph = Data(x=torch.randn(10, 6), edge_index=torch.randint(0, 10, (2, 30)), y=torch.randint(0, 3, (10,)))
    kind = GCNConv if name == "gcn" else GATConv

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = kind(6, 8), kind(8, 3)

        def forward(self, x, edges):
            x = nn.functional.dropout(self.first(x, edges).relu(), training=self.training)
            return self.second(x, edges)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=5e-4)
    for _ in range(10):
        model.train()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(graph.x, graph.edge_index), graph.y)
        loss.backward()
        optimizer.step()
        model.eval()
        with torch.no_grad():
            model(graph.x, graph.edge_index)

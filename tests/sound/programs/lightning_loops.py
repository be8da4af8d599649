"""PyTorch Lightning, with each way of optimizing."""

import logging
import tempfile
import warnings

import pytorch_lightning as lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sound.corpus import each

logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.simplefilter("ignore")


class Regression(lightning.LightningModule):
    def __init__(self, way):
        super().__init__()
        self.way = way
        self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 1))
        self.automatic_optimization = not way.startswith("manual")

    def loss(self, batch):
        x, y = batch
        return nn.functional.mse_loss(self.net(x), y)

    def training_step(self, batch, index):
        loss = self.loss(batch)
        self.log("loss", loss)
        if self.automatic_optimization:
            return loss
        optimizer = self.optimizers()
        if self.way == "manual_accumulation":
            self.manual_backward(loss / 2)
            if index % 2:
                optimizer.step()
                optimizer.zero_grad()
            return None
        optimizer.zero_grad()
        self.manual_backward(loss)
        self.clip_gradients(optimizer, gradient_clip_val=1.0, gradient_clip_algorithm="norm")
        optimizer.step()
        return None

    def validation_step(self, batch, index):
        self.log("val", self.loss(batch))

    def configure_optimizers(self):
        if self.way == "lbfgs":
            return torch.optim.LBFGS(self.parameters(), lr=0.1, max_iter=4)
        optimizer = torch.optim.Adam(self.parameters(), lr=0.01)
        if self.way == "scheduled":
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1)]
        return optimizer


def loader():
    x = torch.randn(64, 6)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=4)


@each(["automatic", "manual", "manual_accumulation", "lbfgs", "accumulation_with_clip", "scheduled", "bf16", "swa"])
def fitted(way):
    with tempfile.TemporaryDirectory() as folder:
        trainer = lightning.Trainer(
            default_root_dir=folder,
            max_epochs=2,
            accelerator="cpu",
            devices=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            limit_train_batches=12,
            accumulate_grad_batches=3 if way == "accumulation_with_clip" else 1,
            gradient_clip_val=0.5 if way == "accumulation_with_clip" else None,
            precision="bf16-mixed" if way == "bf16" else 32,
            callbacks=[lightning.callbacks.StochasticWeightAveraging(0.01, swa_epoch_start=1)] if way == "swa" else [],
        )
        trainer.fit(Regression(way), loader(), loader())

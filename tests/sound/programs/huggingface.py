"""transformers' Trainer, accelerate and peft."""

import contextlib
import os
import tempfile

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ACCELERATE_USE_CPU"] = "1"

import accelerate
import peft
import torch
import transformers
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from sound.corpus import each, sound

transformers.utils.logging.set_verbosity_error()


def tokens(count=24, vocabulary=99):
    ids = torch.randint(5, vocabulary, (count, 8))
    return [{"input_ids": row, "labels": row.clone(), "attention_mask": torch.ones_like(row)} for row in ids]


def gpt2():
    return transformers.GPT2LMHeadModel(
        transformers.GPT2Config(n_layer=2, n_head=2, n_embd=16, vocab_size=99, n_positions=16)
    )


SETTINGS = {
    "plain": {},
    "accumulation": {"gradient_accumulation_steps": 2},
    "bf16": {"bf16": True},
    "checkpointing": {"gradient_checkpointing": True},
    "adafactor": {"optim": "adafactor"},
    "cosine": {"lr_scheduler_type": "cosine", "warmup_steps": 3, "max_grad_norm": 0.5},
    "evaluated": {"eval_strategy": "steps", "eval_steps": 2},
    "label_smoothing": {"label_smoothing_factor": 0.1},
    "sgd": {"optim": "sgd"},
    "torch_compile_off_adamw_fused": {"optim": "adamw_torch_fused"},
}


@each(SETTINGS)
def trainer(name):
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, max_steps=12, per_device_train_batch_size=2, report_to=[], use_cpu=True,
            disable_tqdm=True, save_strategy="no", logging_steps=100, dataloader_pin_memory=False, **SETTINGS[name],
        )  # fmt: skip
        transformers.Trainer(model=gpt2(), args=arguments, train_dataset=tokens(), eval_dataset=tokens(4)).train()


@sound
def trainer_frozen_backbone():
    model = gpt2()
    for parameter in model.transformer.h[0].parameters():
        parameter.requires_grad_(False)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, max_steps=10, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no",
            dataloader_pin_memory=False,
        )  # fmt: skip
        transformers.Trainer(model=model, args=arguments, train_dataset=tokens()).train()


def batches():
    x = torch.randn(48, 6)
    return DataLoader(TensorDataset(x, x.sum(1, keepdim=True)), batch_size=4)


@each(["plain", "accumulation", "bf16", "clipped"])
def accelerated(name):
    accelerator = accelerate.Accelerator(
        cpu=True,
        gradient_accumulation_steps=3 if name == "accumulation" else 1,
        mixed_precision="bf16" if name == "bf16" else "no",
    )
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer)
    model, optimizer, loader, scheduler = accelerator.prepare(model, optimizer, batches(), scheduler)
    for x, y in loader:
        with accelerator.accumulate(model):
            loss = nn.functional.mse_loss(model(x), y)
            accelerator.backward(loss)
            if name == "clipped" and accelerator.sync_gradients:
                accelerator.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            optimizer.zero_grad()


@each(["lora", "ia3", "prompt", "dora"])
def adapters(name):
    kinds = {
        "lora": lambda: peft.LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["c_attn"]),
        "dora": lambda: peft.LoraConfig(task_type="CAUSAL_LM", r=2, target_modules=["c_attn"], use_dora=True),
        "ia3": lambda: peft.IA3Config(task_type="CAUSAL_LM", target_modules=["c_attn"], feedforward_modules=[]),
        "prompt": lambda: peft.PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=2),
    }
    model = peft.get_peft_model(gpt2(), kinds[name]())
    optimizer = torch.optim.AdamW((each for each in model.parameters() if each.requires_grad), lr=0.01)
    model.train()
    for row in tokens(12):
        loss = model(**{key: value[None] for key, value in row.items()}).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@sound
def distilled():
    teacher, student = gpt2().eval(), gpt2()
    optimizer = torch.optim.AdamW(student.parameters(), lr=0.01)
    for row in tokens(10):
        ids = row["input_ids"][None]
        with torch.no_grad():
            goal = teacher(input_ids=ids).logits.softmax(-1)
        loss = nn.functional.kl_div(student(input_ids=ids).logits.log_softmax(-1), goal, reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with contextlib.suppress(ValueError), torch.no_grad():
        student.generate(ids, max_new_tokens=2, do_sample=False)

"""What a name alone says: of a parameter whose caller is not in sight, of a function from elsewhere."""

from __future__ import annotations

import re

from .run import Run
from .values import Module, Named, Opaque, Optimizer, Params, Place, Scaler, Value

_OPTIMIZER = re.compile(r"_*(?:[a-z0-9]+_)*(?:optimi[sz]er|optim|opt)(?:_?[a-z0-9]{1,3})?", re.IGNORECASE)
_MODEL = re.compile(
    r"_*(?:[a-z0-9]+_)*(?:model|net|network|encoder|decoder|generator|discriminator|critic|actor|backbone|module|classifier)"
    r"(?:_?[a-z0-9]{1,3})?|net[gd]|policy_net",
    re.IGNORECASE,
)
_SCALER = re.compile(r"_*(?:grad_?|amp_?)*scaler", re.IGNORECASE)
_SCHEDULER = re.compile(r".*(?:sched|warmup).*|lr_\w+", re.IGNORECASE)
_PURE = re.compile(
    r".*(?:crit|loss(?!_?comp)|metric|accura|acc\b|score|log|print|info|debug|warn|plot|save|dump|write|format|sampl|"
    r"collate|transform|tokeni|embed|evaluat|validat|test|summar|count|checkpoint|ckpt|visual|report|record|show|"
    r"display|accumulate|no_sync|autocast|profile|meter|add_\w+|wandb|tqdm|pbar|progress|writer|timer|time|seed|device|"
    r"ema|average|clip|predict|generate|distribut|barrier|sync|cuda|numpy|isinstance|load).*",
    re.IGNORECASE,
)
_TOUCHES = re.compile(r".*(?:backward|zero|optim|update|step|train|fit|closure|grad(?!_?norm)|learn).*", re.IGNORECASE)


def by_name(run: Run, name: str, place: Place) -> Value:
    """What a variable of this name most likely holds."""
    if _SCHEDULER.fullmatch(name):
        return Opaque(name=name, pure=True)
    if _OPTIMIZER.fullmatch(name):
        return Optimizer(place, name, (Opaque(name=name),), guessed=True, loops=run.loops, variable=name)
    if _SCALER.fullmatch(name):
        return Scaler(place, sure=True, variable=name)
    if _MODEL.fullmatch(name):
        return Module(place, name, guessed=True, loops=run.loops, variable=name)
    return Opaque(name=name, pure=is_pure(name))


def by_annotation(run: Run, kind: Value, name: str, place: Place) -> Value | None:
    """What an annotation of torch's own promises; None for others."""
    if not isinstance(kind, Named):
        return None
    if kind.name.startswith("torch.optim.lr_scheduler"):
        return Opaque(name=name, pure=True)
    if kind.name.startswith("torch.optim"):
        return Optimizer(place, name, (Opaque(name=name),), guessed=True, loops=run.loops, variable=name)
    if kind.name.endswith("GradScaler"):
        return Scaler(place, variable=name)
    if kind.name in {"torch.nn.Parameter", "torch.nn.parameter.Parameter"}:
        return Params((Opaque(name=name),), single=True)
    if kind.name.startswith("torch.nn."):
        return Module(place, name, guessed=True, loops=run.loops, variable=name)
    return None


def is_pure(name: str) -> bool:
    """A function of this name computes or tells; it changes no gradient."""
    return bool(_PURE.fullmatch(name)) and not _TOUCHES.fullmatch(name)


def is_schedule(name: str) -> bool:
    """A function of this name makes a learning rate's schedule."""
    return bool(_SCHEDULER.fullmatch(name))


def is_optimizer(name: str) -> bool:
    """A variable of this name holds an optimizer."""
    return bool(_OPTIMIZER.fullmatch(name)) and not _SCHEDULER.fullmatch(name)

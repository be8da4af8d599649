"""What the probe saw happen. Rules read it; it never leaves the process.

No event holds a tensor, a node or a graph: only ids, versions, sampled numbers, keys and sites.
"""

from __future__ import annotations

from .backward import BackwardBegan, BackwardEnded, BackwardForeseen, BackwardRaised, SilentChange
from .blame import Change, Cut, Lost, NonleafRead
from .ends import ProgramEnded, Uncaught
from .evidence import Evidence, Held, HeldKey, Leaf, Leaves, Look, Outsider, Sample
from .gradients import GradsCleared, GradsClipped, ScalerScaled, ScalerStepped, ScalerUnscaled, ScalerUpdated
from .graphs import GraphMade, GraphsHeld, GraphsSettled, Holders
from .health import Culprit, GradientsMeasured, LayerNorm, NonFiniteUsed
from .hooks import HookRegistered
from .making import OptimizerMade
from .modules import ForwardRan, ForwardsWatched, Idle, ModeSet, ModuleRan
from .steps import StepBegan, StepEnded

__all__ = [
    "BackwardBegan",
    "BackwardEnded",
    "BackwardForeseen",
    "BackwardRaised",
    "Change",
    "Culprit",
    "Cut",
    "Event",
    "Evidence",
    "ForwardRan",
    "ForwardsWatched",
    "GradientsMeasured",
    "GradsCleared",
    "GradsClipped",
    "GraphMade",
    "GraphsHeld",
    "GraphsSettled",
    "Held",
    "HeldKey",
    "Holders",
    "HookRegistered",
    "Idle",
    "LayerNorm",
    "Leaf",
    "Leaves",
    "Look",
    "Lost",
    "ModeSet",
    "ModuleRan",
    "NonFiniteUsed",
    "NonleafRead",
    "OptimizerMade",
    "Outsider",
    "ProgramEnded",
    "Sample",
    "ScalerScaled",
    "ScalerStepped",
    "ScalerUnscaled",
    "ScalerUpdated",
    "SilentChange",
    "StepBegan",
    "StepEnded",
    "Uncaught",
]

Event = (
    BackwardBegan
    | BackwardEnded
    | BackwardRaised
    | BackwardForeseen
    | StepBegan
    | StepEnded
    | Uncaught
    | ProgramEnded
    | ForwardRan
    | ForwardsWatched
    | ModeSet
    | OptimizerMade
    | HookRegistered
    | GradsCleared
    | GradsClipped
    | ScalerScaled
    | ScalerStepped
    | ScalerUnscaled
    | ScalerUpdated
    | GraphMade
    | GraphsSettled
    | NonFiniteUsed
    | NonleafRead
    | GradientsMeasured
)

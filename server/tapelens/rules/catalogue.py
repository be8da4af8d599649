"""Every rule, in the order in which a list shows them. Twins are loaded by name, on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from ..wire.commands import RuleThreshold
from ..wire.findings import Finding
from . import (
    amp_order,
    create_graph_leak,
    double_backward,
    eval_builds_graph,
    eval_in_training,
    exploding_grad,
    frozen_but_updated,
    grad_zeroed_before_step,
    graph_growth,
    hook_leak,
    inplace_modified,
    leaf_lost,
    missing_zero_grad,
    needless_retain_graph,
    no_grad_path,
    nonfinite_grad,
    nonleaf_grad,
    param_not_in_optimizer,
    probe_fault,
    repeated_backward_accumulates,
    stale_graph_backward,
    step_updates_nothing,
    step_without_backward,
    syntax_error,
    unused_ignore,
    unused_parameter,
    vanishing_grad,
)
from .model import Rule, RuntimeTwin

_DECLARATIONS = (
    missing_zero_grad,
    grad_zeroed_before_step,
    step_without_backward,
    step_updates_nothing,
    frozen_but_updated,
    amp_order,
    double_backward,
    needless_retain_graph,
    create_graph_leak,
    repeated_backward_accumulates,
    stale_graph_backward,
    graph_growth,
    nonfinite_grad,
    vanishing_grad,
    exploding_grad,
    no_grad_path,
    leaf_lost,
    nonleaf_grad,
    inplace_modified,
    param_not_in_optimizer,
    unused_parameter,
    eval_in_training,
    eval_builds_graph,
    hook_leak,
    syntax_error,
    unused_ignore,
    probe_fault,
)

RULES: tuple[Rule, ...] = tuple(module.RULE for module in _DECLARATIONS)


def page(slug: str) -> str:
    """The user's page of a rule.

    Raises:
        KeyError: No rule has this slug.
    """
    for module in _DECLARATIONS:
        if slug == module.RULE.slug:
            return module.__doc__ or ""
    raise KeyError(slug)


def runtime_twins(rules: tuple[Rule, ...] = RULES, thresholds: tuple[RuleThreshold, ...] = ()) -> list[RuntimeTwin]:
    """Fresh runtime twins of the rules that have one, with the thresholds that a project sets."""
    twins: list[RuntimeTwin] = []
    for rule in rules:
        if rule.runtime is not None:
            folder = rule.slug.replace("-", "_")
            module = import_module(f".{folder}.runtime", __package__)
            known = {each.name for each in rule.thresholds}
            given = {each.name: each.value for each in thresholds if each.rule == rule.slug and each.name in known}
            twins.append(getattr(module, rule.runtime)(**given))
    return twins


def source_twins(rules: tuple[Rule, ...] = RULES) -> list[Callable[[Any], Iterator[Finding]]]:
    """Source twins of the rules that have one: ``source.SourceTwin``, which the bundle does not know."""
    twins: list[Callable[[Any], Iterator[Finding]]] = []
    for rule in rules:
        if rule.source is not None:
            folder = rule.slug.replace("-", "_")
            twins.append(getattr(import_module(f".{folder}.source", __package__), rule.source))
    return twins


def fixer(rule: Rule) -> Callable[[Finding, str], Any] | None:
    """What offers a change of a file's text for a finding in it: a ``wire.findings.Fix`` or None. None without one."""
    if rule.fix is None:
        return None
    return getattr(import_module(f".{rule.slug.replace('-', '_')}.fix", __package__), rule.fix)

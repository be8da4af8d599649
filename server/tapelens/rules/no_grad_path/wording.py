"""What the rule says."""

from __future__ import annotations

from ...events import BackwardBegan, BackwardForeseen, BackwardRaised, Cut, StepBegan
from ...wire.findings import Fact, Finding, Related
from ...wire.sites import Site
from ..model import finding
from . import RULE

_KEEP = "Keep the loss a result of tensors that require grad, up to here"


def raised(event: BackwardRaised) -> Finding:
    """Nobody caught it."""
    root = f"`{event.expression}`" if event.expression else "The root"
    cut = event.cut
    if cut is None:
        return finding(
            RULE,
            at=event.site,
            severity="error",
            message=(
                f"{root} does not require grad and has no grad_fn: no path leads from it to a parameter. Look for what "
                "cut it (`.item()`, `.detach()`, `.numpy()`, `torch.no_grad()`, argmax, a new tensor), or whether "
                "all parameters are frozen."
            ),
        )
    return finding(
        RULE,
        at=cut.site,
        severity="error",
        message=(
            f"{_sentence(cut)}, so no path leads from {_lower(root)} to a parameter and its backward at "
            f"{event.site.place} raises. {_KEEP}."
        ),
        related=_related(event.site, cut, "This backward finds no path."),
        facts=(Fact(name="path cut by", value=cut.what),),
    )


def foreseen(event: BackwardForeseen) -> Finding:
    """It would raise."""
    cut = event.cut
    return finding(
        RULE,
        at=event.site if cut is None else cut.site,
        severity="information",
        message=event.message if cut is None else f"{_sentence(cut)}: {event.message}",
        related=() if cut is None else _related(event.site, cut, "This line would raise."),
        foreseen=True,
    )


def leaf_root(event: BackwardBegan, cut: Cut) -> Finding:
    """A root that was made from a loss."""
    return finding(
        RULE,
        at=cut.site,
        message=(
            f"{_sentence(cut)}: a new leaf, which no path joins to what it was computed from. Its backward at "
            f"{event.site.place} raises nothing and trains nothing. Run the loss itself backward, without making it "
            "anew or setting requires_grad on it."
        ),
        related=_related(event.site, cut, "This backward reaches nothing but its own root."),
        facts=(Fact(name="path cut by", value=cut.what),),
    )


def nothing_gained(event: StepBegan, backward: BackwardBegan, cut: Cut | None) -> Finding:
    """An optimizer whose parameters stay without a gradient."""
    name = event.look.optimizer(event.optimizer)
    seen = (
        f"none of the parameters that `{name}` holds has ever gained a gradient, in three rounds of backward and step"
    )
    if cut is None:
        message = f"After this backward {seen}: no path leads from the loss to them."
    else:
        message = f"{_sentence(cut)}, and {seen}. {_KEEP}."
    related = () if cut is None else _related(backward.site, cut, "This backward reaches none of them.")
    step = Related(site=event.site, message=f"`{name}` steps here without a gradient.")
    return finding(
        RULE,
        at=backward.site if cut is None else cut.site,
        message=message,
        related=(*related, step),
        facts=(Fact(name="optimizer", value=name),),
    )


def nothing_requires_grad(event: StepBegan, backward: BackwardBegan) -> Finding:
    """All that is held is frozen, and nobody else holds anything that is trained."""
    name = event.look.optimizer(event.optimizer)
    return finding(
        RULE,
        at=backward.site,
        message=(
            f"None of the parameters that `{name}` holds requires grad, in three rounds of backward and step, and no "
            "other optimizer has gained a gradient: nothing is trained. Call requires_grad_(True) on what is to be "
            f"trained, or give `{name}` the parameters that require grad."
        ),
        related=(Related(site=event.site, message=f"`{name}` steps here without a gradient."),),
        facts=(Fact(name="optimizer", value=name),),
    )


def switched_off(cut: Cut | None, name: str, site: Site) -> Finding:
    """A module in training mode that never runs with grad mode on."""
    what = "Grad mode is off here" if cut is None else _sentence(cut)
    return finding(
        RULE,
        at=site if cut is None else cut.site,
        message=(
            f"{what}, and `{name}`, which is in training mode and held by an optimizer, has run so in five "
            "iterations and never with grad mode on: no path leads to its parameters. Run its forward pass with grad "
            f"mode on, or call `{name}.eval()` if it is not to be trained."
        ),
        related=() if cut is None else _related(site, cut, f"`{name}` is called here."),
    )


def _sentence(cut: Cut) -> str:
    return f"{cut.what[0].upper()}{cut.what[1:]}"


def _lower(root: str) -> str:
    return root if root.startswith("`") else "the root"


def _related(site: Site, cut: Cut, message: str) -> tuple[Related, ...]:
    return () if site == cut.site else (Related(site=site, message=message),)

"""Models of transformers so small that each takes a step in a moment, built from their configs alone."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable
from typing import Any

import torch

from laws.corpus import NotHere

LARGEST = 20_000_000
SMALL = {
    "vocab": 99,
    "layer": 2,
    "depth": 1,
    "block": 2,
    "expert": 4,
    "head_dim": 16,
    "head": 2,
    "group": 2,
    "intermediate": 32,
    "ffn": 32,
    "mlp": 32,
    "inner": 32,
    "image_size": 32,
    "patch_size": 8,
    "max_position": 64,
    "n_positions": 64,
    "queries": 5,
    "n_ctx": 64,
    "window": 8,
}
"""What a number becomes, by a part of its name; the first that fits."""

WIDTHS = (
    "hidden_size",
    "d_model",
    "n_embd",
    "embed_dim",
    "embedding_size",
    "dim",
    "width",
    "projection_dim",
    "channels",
)


def kinds() -> list[str]:
    """Every model type that has a plain model; none where transformers is not installed."""
    if importlib.util.find_spec("transformers") is None:
        return []
    names: Any = importlib.import_module("transformers.models.auto.modeling_auto").MODEL_MAPPING_NAMES
    return sorted(names)


def shrink(config: Any, seen: tuple[int, ...] = ()) -> Any:
    """Make numbers small by what their names say; in configs inside configs too."""
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_dict") and id(value) not in seen:
            shrink(value, (*seen, id(config)))
        elif type(value) is int:
            small = _small(name, value)
            if small is not None and small < value:
                with contextlib.suppress(Exception):  # a property, or one that checks
                    setattr(config, name, small)
    return config


def _small(name: str, value: int) -> int | None:
    if name.endswith(("token_id", "_idx", "_token", "_index")):
        return min(value, 1)
    if value <= 2 or name.endswith("_id"):
        return None
    by_part = next((number for part, number in SMALL.items() if part in name), None)
    return 32 if by_part is None and name.endswith(WIDTHS) and "num_channels" not in name else by_part


def built(kind: str) -> tuple[Any, Any]:
    """The model and its config.

    Raises:
        NotHere: It does not build so, or stays large.
    """
    auto: Any = importlib.import_module("transformers")
    mapping: Any = importlib.import_module("transformers.models.auto.configuration_auto").CONFIG_MAPPING
    try:
        config = shrink(mapping[kind]())
        made: Any = auto.MODEL_MAPPING[type(config)]
        made = made[0] if isinstance(made, tuple) else made
        with torch.device("meta"):
            count = sum(parameter.numel() for parameter in made._from_config(config).parameters())
        if count <= LARGEST:
            return made._from_config(config), config
    except Exception as error:
        raise NotHere(f"its shrunk config does not build: {_named(error)}") from error
    raise NotHere(f"it stays large when shrunk: {count} parameters")


def inputs_for(model: Any, config: Any) -> dict[str, torch.Tensor]:
    """What it most plainly takes."""
    text, vision = (getattr(config, name, None) or config for name in ("text_config", "vision_config"))
    size = getattr(vision, "image_size", 32)
    size = size if isinstance(size, int) else 32
    words = torch.randint(2, min(getattr(text, "vocab_size", 50) or 50, 50), (1, 6))
    name: str = model.main_input_name
    given: dict[str, Callable[[], torch.Tensor]] = {
        "input_ids": lambda: words,
        "pixel_values": lambda: torch.randn(1, getattr(vision, "num_channels", 3) or 3, size, size),
        "input_values": lambda: torch.randn(1, 2000),
        "input_features": lambda: torch.randn(
            1, getattr(config, "num_mel_bins", 80), 2 * (getattr(config, "max_source_positions", None) or 50)
        ),
    }
    if name not in given:
        raise NotHere(f"its main input is another: {name}")
    found = {name: given[name]()}
    if getattr(config, "is_encoder_decoder", False):
        found["decoder_input_ids"] = words
    return found


def refused(error: Exception) -> NotHere:
    """The model wants more than its plain inputs."""
    return NotHere(f"it wants other inputs: {_named(error)}")


def trainable(out: Any) -> list[torch.Tensor]:
    """What it answers that has a gradient."""
    values: list[Any] = list(out.values()) if hasattr(out, "values") else [out]
    found = [
        each for each in values if isinstance(each, torch.Tensor) and each.is_floating_point() and each.requires_grad
    ]
    if not found:
        raise NotHere("nothing that it answers has a gradient")
    return found


def _named(error: Exception) -> str:
    return f"{type(error).__name__} {str(error)[:80]}".replace("\n", " ")

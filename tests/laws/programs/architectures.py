"""A tiny model of every architecture of transformers that builds from its config alone takes one step."""

import importlib.util
import logging
import os

import torch

from laws.corpus import NotHere, program

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"

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


def shrink(config, seen=()):
    """Numbers by what their names say; configs inside configs too."""
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_dict") and id(value) not in seen:
            shrink(value, (*seen, id(config)))
        elif type(value) is int and value > 2:
            small = next((number for part, number in SMALL.items() if part in name), None)
            if small is None and name.endswith(WIDTHS) and "num_channels" not in name:
                small = 32
            if small is not None and small < value and not name.endswith(("_id", "_token", "_index")):
                try:
                    setattr(config, name, small)
                except Exception:
                    continue
        elif name.endswith("token_id") and type(value) is int:
            setattr(config, name, min(value, 1))
    return config


def inputs_for(model, config):
    text = getattr(config, "text_config", None) or config
    vision = getattr(config, "vision_config", None) or config
    size = getattr(vision, "image_size", 32)
    size = size if isinstance(size, int) else 32
    words = torch.randint(2, min(getattr(text, "vocab_size", 50) or 50, 50), (1, 6))
    name = model.main_input_name
    given = {
        "input_ids": lambda: words,
        "pixel_values": lambda: torch.randn(1, getattr(vision, "num_channels", 3) or 3, size, size),
        "input_values": lambda: torch.randn(1, 2000),
        "input_features": lambda: torch.randn(1, getattr(config, "num_mel_bins", 80), 100),
    }
    if name not in given:
        raise NotHere(f"its input is called otherwise: {name}")
    found = {name: given[name]()}
    if getattr(config, "is_encoder_decoder", False):
        found["decoder_input_ids"] = words
    return found


def built(kind):
    from transformers import MODEL_MAPPING
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    try:
        config = shrink(CONFIG_MAPPING[kind]())
        with torch.device("meta"):
            count = (
                sum(parameter.numel() for parameter in MODEL_MAPPING[type(config)]._from_config(config).parameters())
                if not isinstance(MODEL_MAPPING[type(config)], tuple)
                else 0
            )
    except Exception as error:
        raise NotHere(f"its shrunk config does not build: {type(error).__name__} {str(error)[:80]}") from error
    if count > LARGEST:
        raise NotHere(f"it stays large when shrunk: {count} parameters")
    made = MODEL_MAPPING[type(config)]
    try:
        return (made[0] if isinstance(made, tuple) else made)._from_config(config), config
    except Exception as error:
        raise NotHere(f"its shrunk config does not build: {type(error).__name__} {str(error)[:80]}") from error


def answers(model, given):
    try:
        out = model(**given)
    except Exception as error:
        raise NotHere(f"it wants other inputs: {type(error).__name__} {str(error)[:80]}") from error
    values = out.values() if hasattr(out, "values") else [out]
    floats = [
        each for each in values if isinstance(each, torch.Tensor) and each.is_floating_point() and each.requires_grad
    ]
    if not floats:
        raise NotHere("nothing that it answers has a gradient")
    return floats


def step(tell, kind):
    logging.disable(logging.WARNING)
    torch.manual_seed(1)
    model, config = built(kind)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    given = inputs_for(model, config)
    out = answers(model, given)
    loss = sum(each.float().square().mean() for each in out)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    tell("loss", loss)
    tell("parameters", [parameter.detach() for parameter in model.parameters()])
    tell("gradients", [parameter.grad for parameter in model.parameters()])


def kinds():
    if importlib.util.find_spec("transformers") is None:
        return []
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    return sorted(MODEL_MAPPING_NAMES)


def of(kind):
    @program(slow=True, needs=("transformers",), ways=("bare", "probed"))
    def takes_a_step(tell):
        step(tell, kind)

    return takes_a_step


globals().update((kind, of(kind)) for kind in kinds())

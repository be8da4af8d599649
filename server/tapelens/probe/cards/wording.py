"""Words that several cards share."""

from __future__ import annotations

from ..capture.reading import Reading

_CHARACTERS = 40
_KIB = 1024


def outline(reading: Reading) -> str:
    """``Tensor (10, 2) float32 cpu``."""
    shape = "(shape not shown)" if reading.shape is None else str(reading.shape)
    layout = "" if reading.layout in (None, "strided") else reading.layout
    return " ".join(word for word in (reading.type_name, shape, reading.dtype, reading.device, layout) if word)


def short(value: object) -> str:
    """A number or a short text as written, else the name of the type."""
    if type(value) in (int, float, bool, type(None), complex):
        return repr(value)
    if type(value) is str:
        return repr(value if len(value) <= _CHARACTERS else value[: _CHARACTERS - 1] + "…")
    return type(value).__name__


def bytes_text(size: int) -> str:
    """``88 B``, ``4.9 KiB``."""
    if size < _KIB:
        return f"{size} B"
    scaled, unit = size / _KIB, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if scaled < _KIB:
            break
        scaled, unit = scaled / _KIB, larger
    return f"{scaled:.1f} {unit}"


def counted(count: int, what: str) -> str:
    """``1 input``, ``3 inputs``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"

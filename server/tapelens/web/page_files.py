"""The built page's files, as they lie in the package."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from ..errors import UsageError

PACKAGE = __name__.rpartition(".")[0]

CONTENT_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "panel.js": "text/javascript; charset=utf-8",
    "panel.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, kw_only=True)
class PageFile:
    """One file of the page."""

    content_type: str
    body: bytes


def read_page() -> dict[str, PageFile]:
    """All files of the page by name.

    Raises:
        UsageError: The page has not been built.
    """
    folder = files(PACKAGE).joinpath("page")
    try:
        return {
            name: PageFile(content_type=content_type, body=folder.joinpath(name).read_bytes())
            for name, content_type in CONTENT_TYPES.items()
        }
    except OSError as error:
        raise UsageError("The panel's page is not built: run `npm ci && npm run build` in the repository.") from error

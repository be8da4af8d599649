"""The documents that a client has open, as what stands in place of the files."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pygls.workspace import TextDocument, Workspace

from ..check.texts import Texts
from .convert import is_same_file, path_of, uri_of


class Documents(Texts):
    """Texts of files as the client has them open, maybe by other names; of the others as they lie on disk.

    Args:
        workspace: Gives pygls' own, once there is one.
    """

    def __init__(self, workspace: Callable[[], Workspace]) -> None:
        super().__init__()
        self._workspace = workspace

    def uri(self, path: str) -> str | None:
        """The URI that the client calls a file by, if it has it open: maybe through a link."""
        document = self.opened(path)
        return document.uri if document is not None else uri_of(path)

    def opened(self, path: str) -> TextDocument | None:
        """The client's document of a file, None for one that is not open."""
        documents = self._workspace().text_documents
        for uri, document in documents.items():
            opened = path_of(uri)
            if opened is not None and is_same_file(opened, path):
                return document
        return None

    def lines(self, path: str) -> Sequence[str]:
        """The lines of a file, none where it cannot be read."""
        uri = self.uri(path)
        if uri is None:
            return ()
        try:
            return self._workspace().get_text_document(uri).lines
        except (OSError, UnicodeDecodeError):
            return ()

    def text(self, path: str) -> str:
        """A file's text; empty where it is not here, too large, or no text."""
        document = self.opened(path)
        return super().text(path) if document is None else document.source

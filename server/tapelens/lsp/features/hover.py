"""Hover: what the tensor under the cursor was to autograd at the last stop in this file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from lsprotocol import types
from pygls.workspace import TextDocument

from ...report.wording import place
from ...store.sessions import SessionInfo
from ...wire.snapshot import Snapshot
from ..card import Facts, Seen, card, read_facts
from ..convert import character_at, is_same_file, path_of, to_range
from ..expressions import Pointed, pointed_at
from ..language_server import TapelensServer
from ..markup import Markdown, Markup, PlainText
from ..scopes import is_visible

FACTS_KEPT = 8
"""Snapshots whose facts are kept at hand: one hover is followed by others."""


class Reader:
    """Reads the facts of snapshots, of the latest few once."""

    def __init__(self) -> None:
        self._kept: deque[Facts] = deque(maxlen=FACTS_KEPT)

    def read(self, snapshot: Snapshot) -> Facts:
        """What a snapshot says."""
        for facts in self._kept:
            if facts.snapshot is snapshot:
                return facts
        self._kept.appendleft(read_facts(snapshot))
        return self._kept[0]


def hover(ls: TapelensServer, params: types.HoverParams, reader: Reader) -> types.Hover | None:
    """One card for each stopped session that knows what is pointed at."""
    document = ls.workspace.get_text_document(params.text_document.uri)
    path = path_of(document.uri)
    source = _source(document)
    if path is None or source is None:
        return None
    lines = document.lines
    at = character_at(lines, params.position, document.position_codec)
    pointed = pointed_at(source, *at) if at is not None else None
    if pointed is None:
        return None
    kind = _markup_kind(ls.client_capabilities)
    markup: Markup = Markdown() if kind is types.MarkupKind.Markdown else PlainText()
    cards = {
        info.session: (info, text)
        for info, seen in _seen(ls, path, source, pointed, reader)
        if (text := card(seen, pointed.chain, markup)) is not None
    }
    if not cards:
        return None
    alone = len(cards) == 1
    texts = [text if alone else f"{markup.strong(_who(info))}\n\n{text}" for info, text in cards.values()]
    return types.Hover(
        contents=types.MarkupContent(kind=kind, value=markup.rule().join(texts)),
        range=to_range(
            lines,
            document.position_codec,
            line=pointed.line,
            column=pointed.column,
            end_line=pointed.line,
            end_column=pointed.end_column,
        ),
    )


def _source(document: TextDocument) -> str | None:
    """The document's text, None for a file that is not there or no text."""
    try:
        return document.source
    except (OSError, UnicodeDecodeError):
        return None


def _seen(
    ls: TapelensServer, path: str, source: str, pointed: Pointed, reader: Reader
) -> Iterator[tuple[SessionInfo, Seen]]:
    """Of each stopped session the latest snapshot of a frame in which the name is this one."""
    for info in ls.store.sessions():
        if info.state != "stopped":
            continue
        stops = ls.store.stops(info.session)
        for stop in reversed(stops):
            site = stop.snapshot.site
            if not is_same_file(site.path, path):
                continue
            if not is_visible(source, line=pointed.line, name=pointed.chain[0], frame=site.function):
                continue
            latest = stops[-1].snapshot
            moved = latest.stop != stop.snapshot.stop
            now = f"The program stands at stop {latest.stop} now, {place(latest.site)}." if moved else ""
            yield info, Seen(facts=reader.read(stop.snapshot), gradients=ls.store.gradients(info.session), now=now)
            break


def _who(info: SessionInfo) -> str:
    """A session's label, with its rank where it is one of several."""
    rank = info.process.rank if info.process is not None else None
    return info.label if rank is None else f"{info.label}, rank {rank}"


def _markup_kind(capabilities: types.ClientCapabilities) -> types.MarkupKind:
    """What the client prefers; Markdown where it does not say."""
    documents = capabilities.text_document
    preferred = documents.hover.content_format if documents is not None and documents.hover is not None else None
    return preferred[0] if preferred else types.MarkupKind.Markdown


def register(server: TapelensServer) -> None:
    """Answer hovers."""
    reader = Reader()

    def answer(ls: TapelensServer, params: types.HoverParams) -> types.Hover | None:
        return hover(ls, params, reader)

    server.feature(types.TEXT_DOCUMENT_HOVER)(answer)

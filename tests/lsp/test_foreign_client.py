"""pytest-lsp's client, which knows the specification better than we do and warns of what breaks it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
import pytest_lsp
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from lsp.wire import COMMAND, DEADLINE_S, position_of

SEED = Path(__file__).parents[2] / "examples" / "seed"


@pytest_lsp.fixture(config=ClientServerConfig(server_command=list(COMMAND)))
async def client(lsp_client: LanguageClient):
    params = types.InitializeParams(
        capabilities=client_capabilities("visual-studio-code"),
        initialization_options={"tapelens": {"notifications": True}},
    )
    await lsp_client.initialize_session(params)
    yield
    await lsp_client.shutdown_session()


async def run(client: LanguageClient, command: str, **arguments: Any) -> Any:
    params = types.ExecuteCommandParams(command=command, arguments=[arguments])
    return await client.workspace_execute_command_async(params)


async def until(client: LanguageClient, method: str) -> Any:
    return await asyncio.wait_for(client.wait_for_notification(method), DEADLINE_S)


async def test_the_whole_path_with_a_client_of_others(client: LanguageClient):
    program = SEED / "7_forgotten_zero_grad.py"
    text = program.read_text(encoding="utf-8")
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "loss.backward()" in each)
    item = types.TextDocumentItem(uri=program.as_uri(), language_id="python", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))

    stopping = asyncio.create_task(until(client, "tapelens/stopped"))
    opened = await run(
        client, "tapelens.launch", program=str(program), breakpoints=[{"path": str(program), "line": line}]
    )
    await stopping
    where = types.HoverParams(
        text_document=types.TextDocumentIdentifier(uri=program.as_uri()),
        position=types.Position(**position_of(program, line, "loss")),
    )
    card = await client.text_document_hover_async(where)
    assert card is not None
    assert isinstance(card.contents, types.MarkupContent)
    assert card.contents.value.startswith("`loss` · Tensor")

    for _ in range(3):
        stopping = asyncio.create_task(until(client, "tapelens/stopped"))
        await run(client, "tapelens.continue", session=opened["session"])
        await stopping
    (mark,) = client.diagnostics[program.as_uri()]
    assert (mark.code, mark.severity) == ("missing-zero-grad", types.DiagnosticSeverity.Warning)

    ending = asyncio.create_task(until(client, "tapelens/sessionEnded"))
    await run(client, "tapelens.stop", session=opened["session"])
    await ending
    (reports,) = client.progress_reports.values()
    assert [type(each).__name__ for each in reports] == ["WorkDoneProgressBegin", "WorkDoneProgressEnd"]


async def test_an_error_reaches_a_client_of_others_as_an_error(client: LanguageClient):
    with pytest.raises(JsonRpcException, match="There is no file"):
        await run(client, "tapelens.launch", program=sys.executable + ".gone")


async def test_source_is_looked_through_and_mended_with_a_client_of_others(client: LanguageClient):
    program = SEED / "7_forgotten_zero_grad.py"
    text = program.read_text(encoding="utf-8")
    uri = program.as_uri()
    publishing = asyncio.create_task(until(client, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS))
    item = types.TextDocumentItem(uri=uri, language_id="python", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=item))
    await publishing
    (mark,) = client.diagnostics[uri]
    assert (mark.code, mark.source) == ("missing-zero-grad", "tapelens")
    assert mark.code_description is not None
    assert mark.code_description.href.endswith("/missing-zero-grad.md")
    asked = types.CodeActionParams(
        text_document=types.TextDocumentIdentifier(uri=uri),
        range=mark.range,
        context=types.CodeActionContext(diagnostics=[mark]),
    )
    offered = await client.text_document_code_action_async(asked)
    assert offered is not None
    fix, ignore, explain = offered
    assert isinstance(fix, types.CodeAction)
    assert isinstance(ignore, types.CodeAction)
    assert (fix.is_preferred, ignore.title) == (True, "Ignore missing-zero-grad on this line")
    assert explain.title == "Explain missing-zero-grad"
    for action in (fix, ignore):
        assert action.edit is not None
        assert action.edit.changes is not None
        (edit,) = action.edit.changes[uri]
        publishing = asyncio.create_task(until(client, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS))
        typed = types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)
        version = types.VersionedTextDocumentIdentifier(uri=uri, version=2)
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=version, content_changes=[typed])
        )
        await publishing
        assert not client.diagnostics[uri]
        whole = types.TextDocumentContentChangeWholeDocument(text=text)
        publishing = asyncio.create_task(until(client, types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS))
        client.text_document_did_change(
            types.DidChangeTextDocumentParams(text_document=version, content_changes=[whole])
        )
        await publishing
        assert len(client.diagnostics[uri]) == 1

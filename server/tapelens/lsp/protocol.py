"""JSON-RPC as we want it: what cannot be read is answered, what is refused says why in one sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from typing import Any, cast

from attrs import frozen
from cattrs import transform_error
from lsprotocol import types
from pygls.protocol import LanguageServerProtocol, lsp_method

from ..errors import TapelensError, WireError
from . import messages
from .messages import camel, read_params

log = logging.getLogger(__name__)

VERSION = "2.0"

PARAMS_OF: Mapping[str, type[Any]] = {
    messages.BOOTSTRAP: messages.BootstrapParams,
    messages.DAP_SESSION: messages.DapSessionParams,
    messages.DAP_EVENT: messages.DapEventParams,
    messages.PANEL: messages.PanelParams,
}
"""How the params of the methods beyond LSP's own are read."""

RESULT_OF: Mapping[str, type[Any]] = {messages.DAP: messages.DapAnswer}
"""How the answers to the requests beyond LSP's own are read."""


@frozen(kw_only=True)
class Request:
    """A request whose method is not of LSP's."""

    id: int | str
    method: str
    params: Any
    jsonrpc: str = VERSION


@frozen(kw_only=True)
class Notification:
    """A notification whose method is not of LSP's."""

    method: str
    params: Any
    jsonrpc: str = VERSION


@frozen(kw_only=True)
class Response:
    """An answer to a request whose method is not of LSP's."""

    id: int | str
    result: Any
    jsonrpc: str = VERSION


@frozen(kw_only=True)
class Answered:
    """A message that has been dealt with while it was read."""


Command = Callable[[Any], Awaitable[Any]]


class TapelensProtocol(LanguageServerProtocol):
    """pygls' protocol, with every request answered.

    pygls 2.1 never answers a request whose params do not fit, reads params of unknown methods as
    nested namedtuples at ninety times the cost of the JSON, and does not pass a command's
    cancellation on (tests/lsp/test_protocol.py holds each).
    """

    def __init__(self, server: Any, converter: Any) -> None:  # noqa: ANN401 (pygls' own signature)
        self.commands: dict[str, tuple[type[Any], Command]] = {}
        self.is_initialized = False
        self.is_shut_down = False
        self.on_exit: Callable[[], None] = lambda: None
        super().__init__(server, converter)

    # -- in ------------------------------------------------------------------------------------------

    def receive(self, body: bytes) -> None:
        """Take one message as it came."""
        try:
            data: Any = json.loads(body)
        except (ValueError, RecursionError) as broken:
            self._refuse_unread(types.ErrorCodes.ParseError, f"The message is no JSON: {broken}.")
            return
        if not _is_message(data):
            self._refuse_unread(types.ErrorCodes.InvalidRequest, f"The message is no JSON-RPC {VERSION} object.")
            return
        self.handle_message(self.structure_message(data))

    def structure_message(self, data: dict[str, Any]) -> Any:  # noqa: ANN401 (pygls' own signature)
        """One message as the class of its method; a request that does not fit is answered here."""
        if "method" not in data:
            return self._structure_answer(data)
        message_id: int | str | None = data.get("id")
        try:
            return self._structure_call(data)
        except WireError as unfit:
            self._refuse(message_id, types.ErrorCodes.InvalidParams, f"{data['method']}: {unfit}")
            return Answered()

    def _structure_call(self, data: dict[str, Any]) -> object:
        method = str(data["method"])
        known = self.get_message_type(method)
        if known is not None:
            try:
                return self._converter.structure(data, known)
            except Exception as unfit:  # whatever a converter's hooks raise, the params are to blame
                raise WireError(_first_fault(unfit)) from unfit
        params: object = data.get("params")
        if kind := PARAMS_OF.get(method):
            params = read_params(params, kind)
        if "id" in data:
            return Request(id=data["id"], method=method, params=params)
        return Notification(method=method, params=params)

    def _structure_answer(self, data: dict[str, Any]) -> object:
        message_id = data.get("id")
        kind = self._result_types.pop(message_id, None) if message_id is not None else None
        try:
            if "error" in data:
                return self._converter.structure(data, types.ResponseErrorMessage)
            if kind is not None and kind in RESULT_OF.values():
                return Response(id=data["id"], result=read_params(data.get("result"), kind))
            if kind is not None:
                return self._converter.structure(data, kind)
            return Response(id=data["id"], result=data.get("result"))
        except Exception as unfit:  # noqa: BLE001 (as above)
            log.warning("the client's answer %r cannot be read: %s", message_id, _first_fault(unfit))
            if message_id is not None:
                error = types.ResponseError(code=types.ErrorCodes.InvalidParams, message=_first_fault(unfit))
                return types.ResponseErrorMessage(id=message_id, error=error)
            return Answered()

    def handle_message(self, message: Any) -> None:  # noqa: ANN401 (pygls' own signature)
        """Pass a message on to its handler, if this is the time for it."""
        if isinstance(message, Answered):
            return
        method: str | None = getattr(message, "method", None)
        message_id: int | str | None = getattr(message, "id", None)
        if method is None or method == types.EXIT:
            pass
        elif self.is_shut_down:
            self._refuse(message_id, types.ErrorCodes.InvalidRequest, f"{method} came after shutdown.")
            return
        elif self.is_initialized == (method == types.INITIALIZE):
            code = types.ErrorCodes.InvalidRequest if self.is_initialized else types.ErrorCodes.ServerNotInitialized
            self._refuse(message_id, code, f"{method} came {'twice' if self.is_initialized else 'before initialize'}.")
            return
        self.is_initialized = self.is_initialized or method == types.INITIALIZE
        self.is_shut_down = self.is_shut_down or method == types.SHUTDOWN
        super().handle_message(message)

    def _handle_response(
        self, msg_id: int | str, result: object = None, error: types.ResponseError | None = None
    ) -> None:
        """As pygls does, but an answer that nobody waits for any more is none of our business."""
        waiting = self._request_futures.get(msg_id)
        if waiting is not None and waiting.cancelled():
            del self._request_futures[msg_id]
            return
        super()._handle_response(msg_id, result, error)

    # -- out -----------------------------------------------------------------------------------------

    def get_result_type(  # pyright: ignore[reportIncompatibleVariableOverride] (pygls caches its own)
        self, method: str
    ) -> type[Any] | None:
        """The class that the answer to a request of ours is read with."""
        return RESULT_OF.get(method) or super().get_result_type(method)

    def _refuse(self, message_id: int | str | None, code: int, sentence: str) -> None:
        """Answer a request with an error; a notification has no answer and is logged."""
        log.warning("refused: %s", sentence)
        if message_id is not None:
            self._send_response(message_id, error=types.ResponseError(code=code, message=sentence))

    def _refuse_unread(self, code: int, sentence: str) -> None:
        """Answer something that cannot be told from a request; its id is null then."""
        log.warning("refused: %s", sentence)
        self._send_data({"jsonrpc": VERSION, "id": None, "error": {"code": int(code), "message": sentence}})

    def _send_handler_result(self, future: Future[Any], *, msg_id: int | str) -> None:
        """As pygls does, but an error of ours is the user's to read and no traceback of the server's."""
        error = None if future.cancelled() else future.exception()
        if isinstance(error, TapelensError):
            self._request_futures.pop(msg_id, None)
            code = types.ErrorCodes.InvalidParams if isinstance(error, WireError) else types.LSPErrorCodes.RequestFailed
            self._send_response(msg_id, error=types.ResponseError(code=code, message=str(error)))
        else:
            super()._send_handler_result(future, msg_id=msg_id)

    # -- LSP's own methods that pygls does otherwise -------------------------------------------------------

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The client wants us gone; the read loop ends and all is closed there."""
        self.on_exit()

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, params: types.ExecuteCommandParams
    ) -> Any:  # noqa: ANN401 (each command has its own)
        """Run a command with its arguments read strictly; being a coroutine it can be cancelled."""
        if params.command not in self.commands:
            raise WireError(f"workspace/executeCommand: there is no command {params.command!r}.")
        kind, command = self.commands[params.command]
        given: list[Any] = list(params.arguments or [])
        if len(given) > 1:
            raise WireError(f"{params.command}: one object of arguments is expected, got {len(given)}.")
        try:
            arguments = read_params(given[0] if given else None, kind)
        except WireError as unfit:
            raise WireError(f"{params.command}: {unfit}") from unfit
        return await command(arguments)


def _is_message(data: Any) -> bool:  # noqa: ANN401 (any JSON)
    if not isinstance(data, dict):
        return False
    fields = cast("dict[str, Any]", data)
    return (
        fields.get("jsonrpc") == VERSION
        and isinstance(fields.get("id", 0), int | str | None)
        and isinstance(fields.get("method", ""), str)
    )


def _first_fault(error: BaseException) -> str:
    """The first thing that is wrong, after its path."""
    what, _, path = transform_error(error)[0].partition(" @ $.")
    return f"{camel(path)}: {what}" if path else what

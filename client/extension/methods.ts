/** What the extension and the language server say to each other beyond LSP's own; docs/protocol.md. */

import { NotificationType, RequestType } from "vscode-languageclient/node";

/** How the probe begins in the sessions to come; it is part of the bootstrap's text. */
export interface BootstrapParams {
  readonly armed: boolean;
  readonly pauseOn: readonly string[];
  readonly lines: "auto" | "every_line" | "off";
  readonly cards: boolean;
}

export interface BootstrapResult {
  readonly expression: string;
}

/** A debug session has begun in the editor. */
export interface DapSessionParams {
  readonly session: string;
  readonly type: string;
  /** The resolved launch configuration, as JSON. */
  readonly configuration: string;
  readonly parent: string | null;
}

/** An event of a session's debug adapter, or the bootstrap's answer as `tapelensBootstrap`. */
export interface DapEventParams {
  readonly session: string;
  readonly event: string;
  /** The event's body, as JSON. */
  readonly body: string;
}

/** A DAP request that the server has the editor make in a session. */
export interface DapParams {
  readonly session: string;
  readonly command: string;
  /** The request's arguments, as JSON. */
  readonly arguments: string;
}

export interface DapResult {
  /** The response's body, as JSON. */
  readonly body: string;
}

/** One message of `wire/panel`, as JSON. */
export interface PanelParams {
  readonly message: string;
}

export const BOOTSTRAP = new RequestType<BootstrapParams, BootstrapResult, void>("tapelens/bootstrap");
export const DAP = new RequestType<DapParams, DapResult, void>("tapelens/dap");
export const DAP_SESSION = new NotificationType<DapSessionParams>("tapelens/dapSession");
export const DAP_EVENT = new NotificationType<DapEventParams>("tapelens/dapEvent");
export const PANEL = new NotificationType<PanelParams>("tapelens/panel");

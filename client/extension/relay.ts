/** The user's own debug sessions, made known to the server: events go to it, its requests come from it. */

import { debug, type DebugSession } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";

import { DAP_EVENT, DAP_SESSION, type DapParams, type DapResult } from "./methods";
import type { Server } from "./server";

export type Body = Readonly<Record<string, unknown>>;

export class Relay {
  private readonly sessions = new Map<string, DebugSession>();

  constructor(private readonly server: () => Server) {}

  open(session: DebugSession): void {
    this.sessions.set(session.id, session);
    if (this.server().isRunning) this.announce(session); // else announceAll will, in time
  }

  /** Pass an event on; unknown once the session is closed. */
  tell(session: DebugSession, event: string, body: Body): void {
    if (!this.sessions.has(session.id)) return;
    this.server().notify(DAP_EVENT, { session: nameOf(session), event, body: JSON.stringify(body) });
  }

  get isIdle(): boolean {
    return this.sessions.size === 0;
  }

  close(session: DebugSession): void {
    this.sessions.delete(session.id);
  }

  /** A server that was started anew knows of no session. */
  announceAll(): void {
    for (const session of this.sessions.values()) this.announce(session);
  }

  /** Make a DAP request for the server. */
  async answer({ session: name, command, arguments: given }: DapParams): Promise<DapResult> {
    const session = [...this.sessions.values()].find((each) => nameOf(each) === name);
    if (session === undefined) throw refusal("The debug session has ended.");
    try {
      if (command === "disconnect" || command === "terminate") {
        await debug.stopDebugging(session); // the editor's own way: it takes the session off its list
        return { body: "{}" };
      }
      const answer: unknown = await session.customRequest(command, JSON.parse(given));
      return { body: JSON.stringify(bodyOf(answer)) };
    } catch (error) {
      throw refusal(error instanceof Error ? error.message : String(error));
    }
  }

  private announce(session: DebugSession): void {
    this.server().notify(DAP_SESSION, {
      session: nameOf(session),
      type: session.type,
      configuration: JSON.stringify({ ...session.configuration, name: session.name }),
      parent: session.parentSession === undefined ? null : nameOf(session.parentSession),
    });
  }
}

/** The body of an event or a response; empty where it is no object. */
export function bodyOf(value: unknown): Body {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function nameOf(session: DebugSession): string {
  return `vscode:${session.id}`;
}

function refusal(message: string): ResponseError {
  return new ResponseError(LSPErrorCodes.RequestFailed, message);
}

/** The user's own debug sessions, made known to the server: events go to it, its requests come from it. */

import { debug, type DebugSession } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";

import { DAP_EVENT, DAP_SESSION, type DapParams, type DapResult } from "./methods";
import type { Server } from "./server";
import { Story, type Told } from "./story";

const MISSED_LIMIT = 2_000; // events kept of a session while no server runs

/** One run of a debug session; a restart is another run under the same id. */
export interface Followed {
  readonly session: DebugSession;
  /** What the server has been told. */
  readonly story: Story;
  /** What happened while none ran. */
  missed: Told[];
  ended: boolean;
}

export type Body = Readonly<Record<string, unknown>>;

export class Relay {
  private readonly runs = new Set<Followed>();

  constructor(private readonly server: () => Server) {}

  open(session: DebugSession): Followed {
    const followed: Followed = { session, story: new Story(), missed: [], ended: false };
    this.runs.add(followed);
    if (this.server().isRunning) this.announce(session); // else announceAll will, in time
    return followed;
  }

  /** Pass an event on; nothing after the run has ended. */
  tell(followed: Followed, event: string, body: Body): void {
    if (followed.ended) return;
    const told = { event, body: JSON.stringify(body) };
    if (this.server().isRunning) this.pass(followed, told);
    else if (followed.missed.length < MISSED_LIMIT) followed.missed.push(told);
  }

  get isIdle(): boolean {
    return [...this.runs].every(({ ended }) => ended);
  }

  close(followed: Followed): void {
    followed.ended = true;
    if (followed.missed.length === 0) this.runs.delete(followed);
  }

  /** Tell a server that has just started, which knows of no session. */
  announceAll(): void {
    for (const followed of [...this.runs]) {
      this.announce(followed.session);
      const { missed } = followed;
      followed.missed = [];
      for (const told of [...followed.story.retold(), ...missed]) this.pass(followed, told);
      if (followed.ended) this.runs.delete(followed);
    }
  }

  /** Make a DAP request for the server. */
  async answer({ session: name, command, arguments: given }: DapParams): Promise<DapResult> {
    const followed = [...this.runs].find((each) => !each.ended && nameOf(each.session) === name);
    if (followed === undefined) throw refusal("The debug session has ended.");
    const { session } = followed;
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

  private pass({ session, story }: Followed, told: Told): void {
    story.hear(told);
    this.server().notify(DAP_EVENT, { session: nameOf(session), event: told.event, body: told.body });
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

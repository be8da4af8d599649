/** Puts the probe into the debug sessions of Python programs, and takes what it pushes. */

import type { DebugAdapterTracker, DebugSession } from "vscode";

import type { TorchState } from "../protocol/wire";
import { bodyOf, type Body, type Followed, type Relay } from "./relay";
import type { Watched } from "./status";

/** In a pushed batch, and in an answer, where the batch is a string in a string. */
const GREETING =
  /\\?"kind\\?":\\?"hello\\?"[^{}]*\\?"state\\?":\\?"(not_imported|watching|too_old|switched_off)\\?"/;
const PASSED_ON: ReadonlySet<string> = new Set(["stopped", "continued", "exited"]);

/** What a session's tracker needs of the rest. */
export interface Surroundings {
  readonly relay: Relay;
  /** The text that puts the probe in; undefined where no server has given it yet. */
  bootstrapExpression(): string | undefined;
  /** What is known of the program has changed. */
  onWatched(watched: Watched): void;
  /** A snapshot has come. */
  onSnapshot(session: DebugSession): void;
}

/**
 * One session's tracker. It follows what the adapter sends and changes nothing but the body of our
 * own event: VS Code has no use for half a megabyte of snapshot.
 */
export class SessionTracker implements DebugAdapterTracker {
  private run: Followed | undefined;

  constructor(
    private readonly session: DebugSession,
    private readonly around: Surroundings,
  ) {}

  onWillStartSession(): void {
    this.run = this.around.relay.open(this.session);
  }

  onWillReceiveMessage(message: unknown): void {
    if (isEnding(message)) this.tell("tapelensStopping", {});
  }

  onDidSendMessage(message: unknown): void {
    if (!isEvent(message)) return;
    switch (message.event) {
      case "initialized":
        this.enter();
        return;
      case "tapelens":
        this.takePush(message);
        return;
      case "terminated":
        this.end();
        return;
      default:
        if (PASSED_ON.has(message.event)) this.tell(message.event, bodyOf(message.body));
    }
  }

  onError(): void {
    this.end();
  }

  onExit(): void {
    this.end();
  }

  /**
   * NOTE [before the first line]: the request must leave in this very call. VS Code sends
   * configurationDone, which lets the program run, after it has seen this event itself; one
   * await here and the probe comes too late.
   */
  private enter(): void {
    const expression = this.around.bootstrapExpression();
    if (expression === undefined) {
      this.tell("tapelensBootstrap", { error: "tapelens' server was not ready when the session began." });
      return;
    }
    this.session
      .customRequest("evaluate", { expression, context: "hover", format: { rawString: true } })
      .then(
        (answer: unknown) => {
          const { result } = bodyOf(answer);
          const text = typeof result === "string" ? result : "";
          this.tell("tapelensBootstrap", { result: text });
          if (text.startsWith('{"err"')) this.around.onWatched("refused");
          else this.hear(text);
        },
        (error: unknown) => {
          this.around.onWatched("refused");
          this.tell("tapelensBootstrap", { error: error instanceof Error ? error.message : String(error) });
        },
      );
  }

  private takePush(message: DapEvent): void {
    const body = bodyOf(message.body);
    message.body = { v: body["v"] };
    this.tell("tapelens", body);
    const data = body["data"];
    if (typeof data !== "string") return;
    if (data.includes('"kind":"snapshot"')) this.around.onSnapshot(this.session);
    this.hear(data);
  }

  private hear(data: string): void {
    const state = torchStateIn(data);
    if (state !== undefined) this.around.onWatched(state);
  }

  private end(): void {
    if (this.run === undefined) return;
    this.tell("terminated", {});
    this.around.relay.close(this.run);
    this.run = undefined;
  }

  private tell(event: string, body: Body): void {
    if (this.run !== undefined) this.around.relay.tell(this.run, event, body);
  }
}

/**
 * What the probe's greeting in a batch says of torch. All else in a batch is the server's to read: this
 * serves the status bar, without a way round through the server.
 */
function torchStateIn(batch: string): TorchState | undefined {
  const found = GREETING.exec(batch);
  return found?.[1] as TorchState | undefined;
}

/** The editor's user ends the session; a session that ended by itself has told so before. */
function isEnding(message: unknown): boolean {
  return (
    typeof message === "object" &&
    message !== null &&
    "command" in message &&
    (message.command === "disconnect" || message.command === "terminate")
  );
}

interface DapEvent {
  readonly type: "event";
  readonly event: string;
  body?: unknown;
}

function isEvent(message: unknown): message is DapEvent {
  return (
    typeof message === "object" &&
    message !== null &&
    "type" in message &&
    message.type === "event" &&
    "event" in message &&
    typeof message.event === "string"
  );
}

/** The language server's process, and the bootstrap text that it gave. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import {
  EventEmitter,
  workspace,
  type Disposable,
  type ExtensionContext,
  type LogOutputChannel,
  type WorkspaceFolder,
} from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  State,
  Trace,
  type CloseHandlerResult,
  type NotificationType,
} from "vscode-languageclient/node";

import { withDeadline } from "./deadline";
import { chooseInterpreter } from "./interpreter";
import { BOOTSTRAP, DAP, PANEL, type DapParams, type DapResult } from "./methods";
import { readSettings } from "./settings";

const BOOTSTRAP_KEY = "tapelens.bootstrap";
const BOOTSTRAP_DEADLINE_MS = 5_000;
const STOP_DEADLINE_MS = 3_000;
const RESTART_LIMIT = 3; // of a server that ran and died, for one start by hand
const STARTED = { off: Trace.Off, messages: Trace.Messages, verbose: Trace.Verbose } as const;

export type ServerState =
  | { readonly kind: "off" }
  | { readonly kind: "starting" }
  | { readonly kind: "running" }
  | { readonly kind: "failed"; readonly reason: string };

/** What helps to choose the server's interpreter. */
export interface StartHint {
  readonly interpreter: string | undefined;
  readonly folder: WorkspaceFolder | undefined;
}

interface CachedBootstrap {
  readonly key: string;
  readonly expression: string;
}

export class Server implements Disposable {
  private readonly stateChanged = new EventEmitter<ServerState>();
  private readonly panelMessage = new EventEmitter<string>();
  private client: LanguageClient | undefined;
  private starting: Promise<void> | undefined;
  private present: ServerState = { kind: "off" };
  private restartsLeft = 0; // none before it has run: what cannot start cannot start again

  readonly onState = this.stateChanged.event;
  readonly onPanelMessage = this.panelMessage.event;

  /** Where the Python side lies: in an installed extension, or in the repository. */
  readonly folder: string;

  constructor(
    private readonly context: ExtensionContext,
    private readonly log: LogOutputChannel,
    private readonly answerDap: (params: DapParams) => Promise<DapResult>,
  ) {
    const bundled = context.asAbsolutePath("bundled");
    this.folder = existsSync(bundled) ? bundled : context.asAbsolutePath("server");
  }

  get state(): ServerState {
    return this.present;
  }

  /** Start unless it runs or starts; settles when that is decided, and never rejects. */
  async start(hint: StartHint): Promise<void> {
    if (this.client !== undefined && this.starting === undefined) return; // it runs, or starts itself anew
    this.starting ??= this.launch(hint).finally(() => {
      this.starting = undefined;
    });
    await this.starting;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start({ interpreter: undefined, folder: workspace.workspaceFolders?.[0] });
  }

  async stop(): Promise<void> {
    await this.starting;
    const client = this.client;
    this.client = undefined;
    if (client === undefined) return;
    try {
      await client.dispose(STOP_DEADLINE_MS);
    } catch (error) {
      this.log.warn(`the server did not stop in order: ${String(error)}`);
    }
    this.become({ kind: "off" });
  }

  get isRunning(): boolean {
    return this.present.kind === "running";
  }

  /** Tell the server, in order; nothing is told while none runs. */
  notify<Params>(type: NotificationType<Params>, params: Params): void {
    if (this.isRunning && this.client !== undefined) this.settle(this.client.sendNotification(type, params));
  }

  /** The text that puts the probe into a program, from this server's or an earlier one's start. */
  bootstrapExpression(): string | undefined {
    const cached = this.context.globalState.get<CachedBootstrap>(BOOTSTRAP_KEY);
    return cached?.key === this.bootstrapKey() ? cached.expression : undefined;
  }

  /** Ask for the bootstrap text as the settings are now. */
  async refreshBootstrap(): Promise<void> {
    if (this.client === undefined) return;
    const key = this.bootstrapKey();
    try {
      const { pauseOn, lines, cards } = readSettings();
      const params = { armed: true, pauseOn, lines, cards };
      const { expression } = await withDeadline(
        this.client.sendRequest(BOOTSTRAP, params),
        BOOTSTRAP_DEADLINE_MS,
      );
      await this.context.globalState.update(BOOTSTRAP_KEY, { key, expression } satisfies CachedBootstrap);
    } catch (error) {
      this.log.error(`the server gave no bootstrap: ${String(error)}`);
    }
  }

  /** Whether source is looked through, as the settings are now. */
  async applyLint(): Promise<void> {
    const settings = { tapelens: { lint: readSettings().lint } };
    await this.client?.sendNotification("workspace/didChangeConfiguration", { settings });
  }

  async applyTrace(): Promise<void> {
    await this.client?.setTrace(STARTED[readSettings().trace]);
  }

  dispose(): void {
    this.settle(this.stop());
    this.stateChanged.dispose();
    this.panelMessage.dispose();
  }

  private bootstrapKey(): string {
    const { version } = this.context.extension.packageJSON as { readonly version: string };
    const { pauseOn, lines, cards } = readSettings();
    return JSON.stringify([version, this.context.extensionPath, pauseOn, lines, cards]);
  }

  private async launch(hint: StartHint): Promise<void> {
    this.become({ kind: "starting" });
    const choice = await chooseInterpreter({
      setting: readSettings(hint.folder).interpreter,
      launch: hint.interpreter,
      folder: hint.folder,
    });
    if (choice.kind === "none") {
      this.become({ kind: "failed", reason: choice.reason });
      return;
    }
    this.log.info(`starting the server with ${choice.path}`);
    const begun = Date.now();
    const client = this.makeClient(choice.path);
    this.client = client;
    this.restartsLeft = 0;
    try {
      await client.start();
      if (!client.isRunning()) throw new Error("it ended at once");
      this.restartsLeft = RESTART_LIMIT;
      this.log.info(`the server runs, after ${Date.now() - begun} ms`);
      await this.applyTrace();
    } catch (error) {
      this.client = undefined;
      this.become({ kind: "failed", reason: `tapelens' server did not start: ${String(error)}` });
    }
  }

  private makeClient(python: string): LanguageClient {
    const { folder } = this;
    const client = new LanguageClient(
      "tapelens",
      "tapelens",
      {
        command: python,
        args: ["-m", "tapelens.lsp"],
        options: {
          cwd: folder, // -m puts the working folder first on sys.path: never the user's
          env: {
            PYTHONPATH: [join(folder, "libs"), folder].join(delimiter),
            PYTHONPYCACHEPREFIX: join(this.context.globalStorageUri.fsPath, "pycache"),
            PYTHONUTF8: "1",
          },
        },
      },
      {
        documentSelector: [{ language: "python" }],
        outputChannel: this.log,
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue }),
          closed: () => this.onClosed(),
        },
        initializationFailedHandler: () => false,
        initializationOptions: {
          tapelens: { notifications: false, pauseOn: readSettings().pauseOn, lint: readSettings().lint },
        },
      },
    );
    client.onRequest(DAP, (params) => this.answerDap(params));
    client.onNotification(PANEL, ({ message }) => {
      this.panelMessage.fire(message);
    });
    client.onDidChangeState(({ newState }) => {
      this.onClientState(client, newState);
    });
    return client;
  }

  private onClosed(): CloseHandlerResult {
    const again = this.restartsLeft > 0;
    this.restartsLeft -= 1;
    return { action: again ? CloseAction.Restart : CloseAction.DoNotRestart, handled: true };
  }

  private onClientState(client: LanguageClient, state: State): void {
    if (client !== this.client) return;
    switch (state) {
      case State.Starting:
        this.become({ kind: "starting" });
        return;
      case State.Running:
        this.become({ kind: "running" });
        this.settle(this.refreshBootstrap());
        return;
      case State.Stopped:
        this.become({ kind: "failed", reason: "tapelens' server has stopped: see its log." });
        return;
    }
  }

  private become(state: ServerState): void {
    this.present = state;
    if (state.kind === "failed") this.log.error(state.reason);
    this.stateChanged.fire(state);
  }

  private settle(promise: Promise<void>): void {
    promise.catch((error: unknown) => {
      this.log.error(String(error));
    });
  }
}

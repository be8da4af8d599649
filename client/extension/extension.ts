/** The VS Code side of tapelens: one server, one relay, one panel, over the user's own debug sessions. */

import {
  commands,
  debug,
  window,
  workspace,
  type DebugConfiguration,
  type DebugSession,
  type ExtensionContext,
  type TextDocument,
  type WorkspaceFolder,
} from "vscode";

import { withDeadline } from "./deadline";
import { interpreterOf } from "./interpreter";
import { Panel, PANEL_TAB, PANEL_VIEW } from "./panel";
import { Relay } from "./relay";
import { Server } from "./server";
import { readSettings } from "./settings";
import { Status } from "./status";
import { SessionTracker, type Surroundings } from "./tracker";

const DEBUG_TYPES = ["debugpy", "python"] as const;
const FIRST_LAUNCH_DEADLINE_MS = 5_000; // for the one launch before any server has given the bootstrap

/** Settings that travel in the text that puts the probe into a program. */
const IN_THE_BOOTSTRAP = ["tapelens.pauseOn", "tapelens.lines", "tapelens.cards"];

export function activate(context: ExtensionContext): void {
  const log = window.createOutputChannel("tapelens", { log: true });
  const relay: Relay = new Relay(() => server);
  const server = new Server(context, log, (params) => relay.answer(params));
  const status = new Status();
  const startServer = (): void => {
    void server.start({ interpreter: undefined, folder: workspace.workspaceFolders?.[0] });
  };
  const panel = new Panel(context, server, startServer);
  const revealed = new Set<string>();

  /** The panel comes to the front once a session, at the first stop that has something to show. */
  const onSnapshot = (session: DebugSession): void => {
    const root = rootOf(session);
    if (revealed.has(root.id)) return;
    revealed.add(root.id);
    if (readSettings(session.workspaceFolder).openPanel === "atFirstStop")
      void panel.show({ preserveFocus: true });
  };
  const around: Surroundings = {
    relay,
    bootstrapExpression: () => server.bootstrapExpression(),
    onWatched: (watched) => {
      status.showWatched(watched);
    },
    onSnapshot,
  };

  const launchHook = {
    resolveDebugConfigurationWithSubstitutedVariables: async (
      folder: WorkspaceFolder | undefined,
      configuration: DebugConfiguration,
    ): Promise<DebugConfiguration> => {
      if (!isWanted(folder, configuration)) return configuration;
      const started = server.start({ interpreter: interpreterOf(configuration), folder });
      if (server.bootstrapExpression() === undefined) {
        const ready = started.then(() => server.refreshBootstrap());
        await withDeadline(ready, FIRST_LAUNCH_DEADLINE_MS).catch((late: unknown) => {
          log.warn(`the session begins without tapelens: ${String(late)}`);
        });
      }
      return configuration;
    },
  };
  const trackers = {
    createDebugAdapterTracker(session: DebugSession): SessionTracker | undefined {
      if (!isWanted(session.workspaceFolder, session.configuration)) return undefined;
      void server.start({
        interpreter: interpreterOf(session.configuration),
        folder: session.workspaceFolder,
      });
      return new SessionTracker(session, around);
    },
  };

  /** Source is looked through as soon as a Python file is open. */
  const lookAt = (document: TextDocument): void => {
    if (document.languageId === "python" && document.uri.scheme === "file" && readSettings(document).lint)
      startServer();
  };
  workspace.textDocuments.forEach(lookAt);

  for (const type of DEBUG_TYPES) {
    context.subscriptions.push(
      debug.registerDebugConfigurationProvider(type, launchHook),
      debug.registerDebugAdapterTrackerFactory(type, trackers),
    );
  }
  context.subscriptions.push(
    log,
    server,
    status,
    panel,
    server.onPanelMessage((message) => {
      panel.post(message);
    }),
    server.onState((state) => {
      status.showServer(state);
      if (state.kind !== "running") return;
      relay.announceAll();
      panel.greetAgain();
    }),
    window.registerWebviewViewProvider(PANEL_VIEW, panel),
    window.registerWebviewPanelSerializer(PANEL_TAB, panel),
    commands.registerCommand("tapelens.openPanel", () => panel.show({ preserveFocus: false })),
    commands.registerCommand("tapelens.openPanelInEditor", () => {
      panel.showInEditor();
    }),
    commands.registerCommand("tapelens.restartServer", () => server.restart()),
    commands.registerCommand("tapelens.showLog", () => {
      log.show();
    }),
    debug.onDidTerminateDebugSession((session) => {
      revealed.delete(session.id);
      if (relay.isIdle) status.showWatched("nothing");
    }),
    workspace.onDidOpenTextDocument(lookAt),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("tapelens.lint")) {
        workspace.textDocuments.forEach(lookAt);
        if (server.isRunning) void server.applyLint();
      }
      if (IN_THE_BOOTSTRAP.some((name) => change.affectsConfiguration(name))) void server.refreshBootstrap();
      if (change.affectsConfiguration("tapelens.trace")) void server.applyTrace();
      if (change.affectsConfiguration("tapelens.interpreter") && server.state.kind !== "off")
        void server.restart();
    }),
  );
}

/** Whether tapelens may enter this session: a setting, or `"tapelens": false` in its launch configuration. */
function isWanted(folder: WorkspaceFolder | undefined, configuration: DebugConfiguration): boolean {
  return readSettings(folder).enabled && configuration["tapelens"] !== false;
}

function rootOf(session: DebugSession): DebugSession {
  let root = session;
  while (root.parentSession !== undefined) root = root.parentSession;
  return root;
}

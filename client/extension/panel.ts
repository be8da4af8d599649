/** The panel's page in the editor: a view of its own, or an editor tab; both show the same. */

import { join } from "node:path";

import {
  commands,
  Position,
  Range,
  Uri,
  ViewColumn,
  window,
  type Disposable,
  type ExtensionContext,
  type Webview,
  type WebviewPanel,
  type WebviewPanelSerializer,
  type WebviewView,
  type WebviewViewProvider,
} from "vscode";

import type { OpenSource } from "../protocol/wire";
import { PANEL } from "./methods";
import type { Server } from "./server";

export const PANEL_VIEW = "tapelens.panel";
export const PANEL_TAB = "tapelens.panelTab";

export class Panel implements WebviewViewProvider, WebviewPanelSerializer, Disposable {
  /** Each page that is loaded, with the greeting it gave. */
  private readonly pages = new Map<Webview, string | undefined>();
  private tab: WebviewPanel | undefined;

  constructor(
    private readonly context: ExtensionContext,
    private readonly server: Server,
    private readonly onShown: () => void,
  ) {}

  resolveWebviewView(view: WebviewView): void {
    this.load(view.webview);
    view.onDidDispose(() => this.pages.delete(view.webview));
    this.onShown();
  }

  deserializeWebviewPanel(panel: WebviewPanel): Promise<void> {
    this.adopt(panel);
    return Promise.resolve();
  }

  /** Bring the view to the front. */
  async show(focus: { readonly preserveFocus: boolean }): Promise<void> {
    await commands.executeCommand(`${PANEL_VIEW}.focus`, focus);
  }

  showInEditor(): void {
    if (this.tab !== undefined) {
      this.tab.reveal(undefined, true);
      return;
    }
    const place = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    this.adopt(window.createWebviewPanel(PANEL_TAB, "tapelens", place, this.pageOptions()));
  }

  /** Hand a message of the server's to every page. */
  post(message: string): void {
    for (const webview of this.pages.keys()) void webview.postMessage(message);
  }

  /** A server that was started anew has not been greeted. */
  greetAgain(): void {
    const greeting = [...this.pages.values()].find((each) => each !== undefined);
    if (greeting !== undefined) this.server.notify(PANEL, { message: greeting });
  }

  dispose(): void {
    this.tab?.dispose();
    this.pages.clear();
  }

  private adopt(panel: WebviewPanel): void {
    this.tab = panel;
    panel.iconPath = Uri.joinPath(this.context.extensionUri, "client", "extension", "tab-icon.svg");
    this.load(panel.webview);
    panel.onDidDispose(() => {
      this.pages.delete(panel.webview);
      if (this.tab === panel) this.tab = undefined;
    });
    this.onShown();
  }

  private load(webview: Webview): void {
    this.pages.set(webview, undefined);
    webview.options = this.pageOptions();
    webview.onDidReceiveMessage((message: unknown) => {
      if (typeof message === "string") this.receive(webview, message);
    });
    webview.html = this.html(webview);
  }

  private receive(webview: Webview, text: string): void {
    const message = parse(text);
    if (isOpenSource(message)) {
      void openSource(message);
      return;
    }
    if (isGreeting(message)) this.pages.set(webview, text); // greetAgain passes it on to a server that starts later
    this.server.notify(PANEL, { message: text });
  }

  private pageFolder(): Uri {
    return Uri.file(join(this.server.folder, "tapelens", "web", "page"));
  }

  private pageOptions(): { enableScripts: true; localResourceRoots: readonly Uri[] } {
    return { enableScripts: true, localResourceRoots: [this.pageFolder()] };
  }

  private html(webview: Webview): string {
    const source = webview.cspSource;
    const address = (name: string): string =>
      webview.asWebviewUri(Uri.joinPath(this.pageFolder(), name)).toString();
    const policy = [
      "default-src 'none'",
      `script-src ${source}`,
      `style-src ${source}`,
      `img-src ${source}`,
      `font-src ${source}`,
      `connect-src ${source}`,
      "worker-src blob:",
    ].join("; ");
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tapelens</title>
<link rel="stylesheet" href="${address("panel.css")}">
</head>
<body>
<div id="panel"></div>
<script src="${address("panel.js")}"></script>
</body>
</html>`;
  }
}

async function openSource({ path, line }: OpenSource): Promise<void> {
  const uri = /^[a-z][a-z0-9+.-]+:/i.test(path) ? Uri.parse(path) : Uri.file(path);
  const open = window.visibleTextEditors.find((editor) => editor.document.uri.toString() === uri.toString());
  const start = new Position(Math.max(0, line - 1), 0);
  try {
    await window.showTextDocument(uri, {
      selection: new Range(start, start),
      viewColumn: open?.viewColumn ?? ViewColumn.One,
    });
  } catch {
    void window.showWarningMessage(`tapelens: ${path} cannot be opened here.`);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function hasKind(message: unknown, kind: string): message is { readonly kind: string } {
  return typeof message === "object" && message !== null && "kind" in message && message.kind === kind;
}

function isGreeting(message: unknown): boolean {
  return hasKind(message, "panel_hello");
}

function isOpenSource(message: unknown): message is OpenSource {
  return (
    hasKind(message, "open_source") &&
    "path" in message &&
    typeof message.path === "string" &&
    "line" in message &&
    typeof message.line === "number"
  );
}

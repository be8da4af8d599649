/** The status bar's word on tapelens: what it is doing, and how much it found. */

import { languages, StatusBarAlignment, ThemeColor, window, type Disposable } from "vscode";

import type { TorchState } from "../protocol/wire";
import type { ServerState } from "./server";

/** What the debugged program shows; `nothing` when none is debugged, `refused` when the probe is not in. */
export type Watched = TorchState | "nothing" | "refused";

const WORDS: Readonly<Record<Watched, { readonly text: string; readonly tooltip: string }>> = {
  nothing: { text: "$(eye) tapelens", tooltip: "tapelens: no Python program is being debugged." },
  not_imported: {
    text: "$(eye) tapelens: no torch",
    tooltip: "tapelens is in; the program has not imported torch yet.",
  },
  watching: { text: "$(eye) tapelens: watching", tooltip: "tapelens shows the autograd graph at each stop." },
  too_old: {
    text: "$(eye-closed) tapelens: torch too old",
    tooltip: "The program's torch is too old for tapelens: see the panel.",
  },
  refused: {
    text: "$(warning) tapelens: not in",
    tooltip: "The probe could not be put into the program: see the panel.",
  },
  switched_off: { text: "$(eye-closed) tapelens: off", tooltip: "tapelens is switched off in this program." },
};

export class Status implements Disposable {
  private readonly item = window.createStatusBarItem("tapelens.status", StatusBarAlignment.Left, 0);
  private readonly subscription: Disposable;
  private server: ServerState = { kind: "off" };
  private watched: Watched = "nothing";
  private findings = 0;

  constructor() {
    this.item.name = "tapelens";
    this.item.command = "tapelens.openPanel";
    this.subscription = languages.onDidChangeDiagnostics(() => {
      this.countFindings();
    });
    this.draw();
  }

  showServer(state: ServerState): void {
    this.server = state;
    this.draw();
  }

  showWatched(watched: Watched): void {
    this.watched = watched;
    this.draw();
  }

  dispose(): void {
    this.subscription.dispose();
    this.item.dispose();
  }

  private countFindings(): void {
    const ours = languages
      .getDiagnostics()
      .flatMap(([, diagnostics]) => diagnostics)
      .filter(({ source }) => source === "tapelens").length;
    if (ours === this.findings) return;
    this.findings = ours;
    this.draw();
  }

  private draw(): void {
    this.item.backgroundColor = undefined;
    switch (this.server.kind) {
      case "off":
        this.item.hide();
        return;
      case "starting":
        this.item.text = "$(loading~spin) tapelens";
        this.item.tooltip = "tapelens' server is starting.";
        break;
      case "failed":
        this.item.text = "$(error) tapelens";
        this.item.tooltip = this.server.reason;
        this.item.backgroundColor = new ThemeColor("statusBarItem.errorBackground");
        break;
      case "running":
        this.item.text = WORDS[this.watched].text + this.counted();
        this.item.tooltip = WORDS[this.watched].tooltip;
        break;
    }
    this.item.show();
  }

  private counted(): string {
    if (this.findings === 0) return "";
    return ` $(warning) ${this.findings} ${this.findings === 1 ? "finding" : "findings"}`;
  }
}

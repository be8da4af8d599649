import { readFileSync } from "node:fs";

import type { Gradients, PanelStop, Snapshot, ToPanel } from "../../client/protocol/wire";
import { next, START, type Model } from "../../client/panel/model/state";
import { readMessage } from "../../client/panel/transport";

const FILE = "tests/web/fixtures/hooked_gradients.jsonl"; // tests run from the repository's root

/** What the server told while the seed's program was stepped through. */
export function recorded(): readonly ToPanel[] {
  const welcome: ToPanel = { kind: "welcome", wire: 1, version: "0.1.0" };
  const lines = readFileSync(FILE, "utf-8").trim().split("\n").map(readMessage);
  return [welcome, ...lines.filter((message) => message !== null)];
}

export function told(messages: readonly ToPanel[], model: Model = START): Model {
  return messages.reduce<Model>(next, model);
}

export function stops(): readonly PanelStop[] {
  return recorded().filter((message) => message.kind === "stop");
}

/** The stop of this number, from 1. */
export function stop(serial: number): PanelStop {
  return stops().find((one) => one.snapshot.stop === serial)!;
}

export function gradients(): Gradients {
  return recorded().find((message) => message.kind === "stop_gradients")!.gradients;
}

/** A copy with some columns' entries replaced. */
export function withNodes(snapshot: Snapshot, nodes: Partial<Snapshot["nodes"]>): Snapshot {
  return { ...snapshot, nodes: { ...snapshot.nodes, ...nodes } };
}

import type { Keeper, KeeperSentence, PanelStop, Site, Snapshot } from "../../protocol/wire";

export type Purpose = "kept" | "parameters" | "gradients" | "optimizer" | "buffers";

const LABELS: Readonly<Record<Purpose, string>> = {
  kept: "kept for backward",
  parameters: "parameters",
  gradients: "gradients",
  optimizer: "optimizer state",
  buffers: "buffers",
};
const ORDER: readonly Purpose[] = ["kept", "parameters", "gradients", "optimizer", "buffers"];

/** Bytes of one purpose, and their part of the whole. */
export interface Share {
  readonly purpose: Purpose;
  readonly label: string;
  readonly bytes: number;
  readonly part: number; // 0 to 1
}

/** What the nodes of one line and module keep; null where line or module is not known. */
export interface KeptLine {
  readonly site: Site | null;
  readonly module: string | null;
  readonly nodes: number;
  readonly storages: number;
  readonly bytes: number;
  readonly length: number; // of its bar, 0 to 1
}

export interface Kept {
  readonly lines: readonly KeptLine[];
  readonly more: number; // lines beyond
  readonly moreBytes: number;
}

/** What is there, what is kept for backward first. */
export function sharesOf({ memory }: Snapshot): readonly Share[] {
  const total = totalBytes(memory);
  return ORDER.filter((purpose) => memory[purpose] > 0).map((purpose) => ({
    purpose,
    label: LABELS[purpose],
    bytes: memory[purpose],
    part: memory[purpose] / total,
  }));
}

export function totalBytes(memory: Snapshot["memory"]): number {
  return ORDER.reduce((sum, purpose) => sum + memory[purpose], 0);
}

/** The lines and modules that keep most. */
export function keptLines({ memory, sites, strings }: Snapshot, most: number): Kept {
  const { kept_by: columns } = memory;
  const longest = Math.max(1, ...columns.size_bytes.slice(0, 1));
  const lines = columns.size_bytes.slice(0, most).map((bytes, row) => ({
    site: sites[columns.site[row] ?? -1] ?? null,
    module: strings[columns.module[row] ?? -1] ?? null,
    nodes: columns.nodes[row] ?? 0,
    storages: columns.storages[row] ?? 0,
    bytes,
    length: bytes / longest,
  }));
  const rest = columns.size_bytes.slice(most);
  return { lines, more: rest.length, moreBytes: rest.reduce((sum, bytes) => sum + bytes, 0) };
}

/** Names that keep old graphs alive, with the server's words. */
export function keepersOf(
  stop: PanelStop,
): readonly { readonly keeper: Keeper; readonly sentence: KeeperSentence }[] {
  return stop.keepers.flatMap((sentence) => {
    const keeper = stop.snapshot.memory.keepers[sentence.keeper];
    return keeper === undefined ? [] : [{ keeper, sentence }];
  });
}

import type { Snapshot } from "../../protocol/wire";
import { isLeafNode, nodeAt, nodeCount } from "./snapshot";

export type TapeLine =
  | {
      readonly kind: "group";
      readonly id: string;
      readonly label: string;
      readonly count: number;
      readonly bytes: number;
      readonly folded: boolean;
    }
  | { readonly kind: "node"; readonly row: number };

interface Run {
  readonly label: string;
  readonly rows: number[];
  bytes: number;
}

/**
 * The nodes in the order in which they were made, in runs of one module each.
 *
 * A graph whose modules are not known, and which is short, stands without headers.
 */
export function tapeLines(snapshot: Snapshot, folded: ReadonlySet<string>): readonly TapeLine[] {
  const runs = runsOf(snapshot);
  if (runs.every((run) => run.label === "" || run.label === LEAVES)) {
    return runs.flatMap((run) => run.rows.map((row): TapeLine => ({ kind: "node", row })));
  }
  const seen = new Map<string, number>();
  return runs.flatMap((run) => {
    const place = (seen.get(run.label) ?? 0) + 1;
    seen.set(run.label, place);
    const id = `${run.label}#${place}`;
    const isFolded = folded.has(id);
    const header: TapeLine = {
      kind: "group",
      id,
      label: run.label === "" ? "outside modules" : run.label,
      count: run.rows.length,
      bytes: run.bytes,
      folded: isFolded,
    };
    return isFolded ? [header] : [header, ...run.rows.map((row): TapeLine => ({ kind: "node", row }))];
  });
}

const LEAVES = "leaves";

function runsOf(snapshot: Snapshot): readonly Run[] {
  const runs: Run[] = [];
  for (let row = 0; row < nodeCount(snapshot); row += 1) {
    const label = isLeafNode(snapshot, row) ? LEAVES : (nodeAt(snapshot, row).module ?? "");
    let run = runs.at(-1);
    if (run?.label !== label) {
      run = { label, rows: [], bytes: 0 };
      runs.push(run);
    }
    run.rows.push(row);
    run.bytes += Math.max(0, snapshot.nodes.saved_bytes[row] ?? 0);
  }
  return runs;
}

/** The largest amount that one node keeps: the full length of a bar. */
export function mostBytes(snapshot: Snapshot): number {
  return snapshot.nodes.saved_bytes.reduce((most, bytes) => Math.max(most, bytes), 0);
}

/** All bytes kept for backward. */
export function keptBytes(snapshot: Snapshot): number {
  return snapshot.nodes.saved_bytes.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
}

export function operationCount(snapshot: Snapshot): number {
  let leaves = 0;
  for (let row = 0; row < nodeCount(snapshot); row += 1) if (isLeafNode(snapshot, row)) leaves += 1;
  return nodeCount(snapshot) - leaves;
}

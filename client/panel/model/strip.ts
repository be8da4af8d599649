import type { NodeState, PanelStop, Site, Snapshot } from "../../protocol/wire";
import { formatBytes, plural } from "./format";
import { isLeafNode, nodeCount } from "./snapshot";
import { stopKey, type SessionRecord } from "./state";
import { operationCount } from "./tape";

const DOTS = 8;

/** One stop in the strip: the code that ran to get there, and what it left. */
export interface StripItem {
  readonly key: string;
  readonly serial: number;
  readonly code: string; // the last line that ran; empty when it cannot be known
  readonly more: number; // further lines that ran before that one
  readonly site: Site;
  readonly dots: readonly NodeState[];
  readonly operations: number;
  readonly keptBytes: number;
  readonly note: string;
}

const strips = new WeakMap<SessionRecord, readonly StripItem[]>();

export function stripOf(record: SessionRecord): readonly StripItem[] {
  let strip = strips.get(record);
  if (strip === undefined) {
    strip = record.stops.map((stop, place) => itemOf(record, stop, record.stops[place - 1] ?? null));
    strips.set(record, strip);
  }
  return strip;
}

function itemOf(record: SessionRecord, stop: PanelStop, earlier: PanelStop | null): StripItem {
  const counts = countsOf(stop.snapshot);
  return {
    key: stopKey(stop),
    serial: stop.snapshot.stop,
    ...justRan(stop, earlier),
    site: stop.snapshot.site,
    ...counts,
    note: noteOf(record, stop, earlier, counts.operations),
  };
}

type Counts = Pick<StripItem, "dots" | "operations" | "keptBytes">;

const counted = new WeakMap<Snapshot, Counts>();

function countsOf(snapshot: Snapshot): Counts {
  const known = counted.get(snapshot);
  if (known !== undefined) return known;
  const dots: NodeState[] = [];
  let operations = 0;
  let keptBytes = 0;
  for (let row = 0; row < nodeCount(snapshot); row += 1) {
    keptBytes += Math.max(0, snapshot.nodes.saved_bytes[row] ?? 0);
    if (isLeafNode(snapshot, row)) continue;
    operations += 1;
    if (dots.length < DOTS) dots.push(snapshot.nodes.state[row] ?? "unknown");
  }
  const counts = { dots, operations, keptBytes };
  counted.set(snapshot, counts);
  return counts;
}

function noteOf(
  record: SessionRecord,
  stop: PanelStop,
  earlier: PanelStop | null,
  operations: number,
): string {
  const since = earlier?.snapshot.stop ?? 0;
  const flowed = record.gradients.some(
    (gradients) => !gradients.raised && gradients.stop >= since && gradients.stop < stop.snapshot.stop,
  );
  const freed = earlier === null ? 0 : freedBetween(earlier, stop);
  const hooks = stop.snapshot.hooks.kind.length - (earlier?.snapshot.hooks.kind.length ?? 0);
  if (flowed) return freed > 0 ? `gradients flowed, ${formatBytes(freed)} freed` : "gradients flowed";
  const added = earlier === null || operations !== operationCount(earlier.snapshot);
  if (hooks > 0)
    return `${added ? `${plural(operations, "operation")}, ` : ""}${plural(hooks, "hook")} added`;
  return operations === 0 ? "no graph yet" : plural(operations, "operation");
}

/** Bytes of nodes that held buffers at the earlier stop and hold none now. */
function freedBetween(earlier: PanelStop, stop: PanelStop): number {
  const before = earlier.snapshot.nodes;
  const bytes = new Map(before.key.map((key, row) => [key, Math.max(0, before.saved_bytes[row] ?? 0)]));
  const now = stop.snapshot.nodes;
  return now.key.reduce((sum, key, row) => sum + (now.state[row] === "freed" ? (bytes.get(key) ?? 0) : 0), 0);
}

/** The last line that ran before this stop, as far as two stops and the source tell. */
export function justRan(
  stop: PanelStop,
  earlier: PanelStop | null,
): { readonly code: string; readonly more: number } {
  const here = stop.snapshot.site;
  if (earlier === null) {
    const above = rawLine(stop, here.line - 1); // a line of the same block has run; a line that opens it need not have
    const sameBlock = indentation(above) === indentation(rawLine(stop, here.line));
    return { code: sameBlock ? codeOf(above) : "", more: 0 };
  }
  const there = earlier.snapshot.site;
  const forward = there.path === here.path && there.function === here.function && there.line < here.line;
  if (!forward) return { code: codeOf(rawLine(earlier, there.line)), more: 0 };
  const lines: string[] = [];
  for (let line = there.line; line < here.line; line += 1) {
    const code = codeOf(rawLine(stop, line) || rawLine(earlier, line));
    if (code !== "") lines.push(code);
  }
  return { code: lines.at(-1) ?? "", more: Math.max(0, lines.length - 1) };
}

/** One line of the program, empty where the source is not at hand. */
export function rawLine(stop: PanelStop, line: number): string {
  const { source } = stop;
  return source.lines[line - source.first_line] ?? "";
}

/** A line without its indentation and its comment. */
export function codeOf(line: string): string {
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line.charAt(at);
    if (character === "\\") at += 1;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (character === "#") return line.slice(0, at).trim();
  }
  return line.trim();
}

function indentation(line: string): number {
  return line.length - line.trimStart().length;
}

import type { Gradients, PanelStop, Snapshot } from "../../protocol/wire";
import type { Value } from "./format";
import { indexOf, isLeafNode, valueAt } from "./snapshot";
import type { SessionRecord } from "./state";

/** What flowed in one backward, findable by node. */
export interface Flow {
  readonly gradients: Gradients;
  readonly alreadyRan: boolean; // before the stop that is looked at, rather than after it
  readonly previewed: boolean; // computed when asked for, and accumulated nowhere
  /** What flowed along an edge: undefined when nothing did, null when its values were not read. */
  edge(sourceKey: number, position: number): Value | null | undefined;
  /** The sum that arrived at one output of a node. */
  arrived(key: number, outputNr: number): Value | null | undefined;
  /** All that arrived at a node, by any of its outputs. */
  arrivedAnywhere(key: number): Value | null | undefined;
  /** What came along each edge into a node, in the order in which it came. */
  parts(key: number): readonly (Value | null)[];
  /** What a leaf's ``.grad`` became. */
  leaf(key: number): LeafOutcome | undefined;
  /** Place in the order in which the nodes ran, from 1. */
  turn(key: number): number | undefined;
}

export interface LeafOutcome {
  readonly was: "none" | "held";
  readonly shape: readonly number[] | null;
  readonly value: Value | null;
}

/**
 * The backward whose numbers a stop shows: the last one before it that ran through its graph,
 * else the first one after it that did. A preview that was asked for there stands until that one ran.
 */
export function flowAt(record: SessionRecord, snapshot: Snapshot): Flow | null {
  const touching = record.gradients.filter((gradients) => touches(gradients, snapshot));
  const before = touching.filter((gradients) => gradients.stop < snapshot.stop).at(-1);
  const after = touching.find((gradients) => gradients.stop >= snapshot.stop);
  const asked = record.previews.find((preview) => preview.stop === snapshot.stop)?.gradients ?? null;
  if (asked !== null && after === undefined) {
    return { ...tablesOf(asked), alreadyRan: false, previewed: true };
  }
  const chosen = before ?? after;
  return chosen === undefined
    ? null
    : { ...tablesOf(chosen), alreadyRan: chosen === before, previewed: false };
}

/** Only where the program stands now: an earlier stop's graph is not there to be asked. */
export function canPreview(record: SessionRecord, stop: PanelStop): boolean {
  const { backward, nodes } = stop.snapshot;
  const newest = record.stops.at(-1);
  return (
    record.info.state === "stopped" &&
    newest === stop &&
    stop.snapshot.depth === 0 &&
    nodes.key.length > 0 &&
    backward.will_raise === null &&
    !record.previews.some((preview) => preview.stop === stop.snapshot.stop)
  );
}

/** Leaves outlive their graph: only an operation's node says that it is the same graph. */
function touches(gradients: Gradients, snapshot: Snapshot): boolean {
  const { nodeOfKey } = indexOf(snapshot);
  const known = (key: number): boolean => {
    const row = nodeOfKey.get(key);
    return row !== undefined && !isLeafNode(snapshot, row);
  };
  return gradients.nodes.key.some(known) || gradients.edges.source.some(known);
}

type Tables = Omit<Flow, "alreadyRan" | "previewed">;

const tables = new WeakMap<Gradients, Tables>();

function tablesOf(gradients: Gradients): Tables {
  const known = tables.get(gradients);
  if (known !== undefined) return known;
  const made = makeTables(gradients);
  tables.set(gradients, made);
  return made;
}

function makeTables(gradients: Gradients): Tables {
  const value = (statistics: number | undefined, shape: number | undefined): Value | null =>
    valueAt(gradients.statistics, statistics, gradients.shapes[shape ?? -1] ?? null);

  const edges = new Map<string, Value | null>();
  const parts = new Map<number, (Value | null)[]>();
  gradients.edges.source.forEach((source, row) => {
    const flowed = value(gradients.edges.statistics[row], gradients.edges.shape[row]);
    edges.set(`${source}:${gradients.edges.position[row] ?? 0}`, flowed);
    const target = gradients.edges.target[row] ?? -1;
    const into = parts.get(target);
    if (into === undefined) parts.set(target, [flowed]);
    else into.push(flowed);
  });

  const arrived = new Map<string, Value | null>();
  const anywhere = new Map<number, Value | null>();
  const turns = new Map<number, number>();
  gradients.nodes.key.forEach((key, row) => {
    const sum = value(gradients.nodes.statistics[row], gradients.nodes.shape[row]);
    arrived.set(`${key}:${gradients.nodes.output_nr[row] ?? 0}`, sum);
    if (!anywhere.has(key)) anywhere.set(key, sum);
    if (!turns.has(key)) turns.set(key, turns.size + 1);
  });

  const leaves = new Map<number, LeafOutcome>();
  gradients.leaves.key.forEach((key, row) => {
    const shape = gradients.shapes[gradients.leaves.shape[row] ?? -1] ?? null;
    leaves.set(key, {
      was: gradients.leaves.was[row] ?? "none",
      shape,
      value: valueAt(gradients.statistics, gradients.leaves.statistics[row], shape),
    });
  });

  return {
    gradients,
    edge: (sourceKey, position) => edges.get(`${sourceKey}:${position}`),
    arrived: (key, outputNr) => arrived.get(`${key}:${outputNr}`),
    arrivedAnywhere: (key) => anywhere.get(key),
    parts: (key) => parts.get(key) ?? [],
    leaf: (key) => leaves.get(key),
    turn: (key) => turns.get(key),
  };
}

import type { Snapshot } from "../../protocol/wire";
import { indexOf, isLeafNode, nodeCount } from "./snapshot";

/** How one row of the tape is crossed by the edges that are open there, drawn like a commit graph. */
export interface LaneRow {
  readonly lane: number; // where the node's dot stands
  readonly through: readonly number[]; // lanes that pass by
  readonly from: readonly number[]; // lanes, open above, that end at this node: what it was made from
  readonly goesOn: boolean; // a later node was made from this one
}

const LANES = 6; // further ones share the last
const NODES = 4_000; // past this the lanes say nothing

const known = new WeakMap<Snapshot, readonly LaneRow[] | null>();

/** Lanes of every node row, or null for a graph too long to read them. */
export function lanesOf(snapshot: Snapshot): readonly LaneRow[] | null {
  let lanes = known.get(snapshot);
  if (lanes === undefined) {
    lanes = nodeCount(snapshot) > NODES ? null : makeLanes(snapshot);
    known.set(snapshot, lanes);
  }
  return lanes;
}

/**
 * A lane is held from a node's row to the row of the last node that was made from it.
 *
 * Leaves stand beside the lanes and hold none: parameters used far away would draw over everything.
 */
function makeLanes(snapshot: Snapshot): readonly LaneRow[] {
  const { incoming, outgoing } = indexOf(snapshot);
  const lastUse = (row: number): number =>
    (incoming.get(row) ?? []).reduce((last, edge) => Math.max(last, edge.source), -1);
  const held: (number | null)[] = []; // lane to the node row that holds it
  const rows: LaneRow[] = [];
  const laneOf = new Map<number, number>();
  for (let row = 0; row < nodeCount(snapshot); row += 1) {
    if (isLeafNode(snapshot, row)) {
      const through = held.flatMap((holder, open) =>
        holder === null || lastUse(holder) <= row ? [] : [open],
      );
      rows.push({ lane: firstGap(through), through, from: [], goesOn: false });
      continue;
    }
    const made = new Set((outgoing.get(row) ?? []).map((edge) => edge.target));
    const from = [...made].flatMap((target) => laneOf.get(target) ?? []).filter(unique);
    held.forEach((holder, lane) => {
      if (holder !== null && lastUse(holder) <= row) held[lane] = null;
    });
    const reusable = from.find((lane) => held[lane] === null);
    const lane = reusable ?? freeLane(held);
    const through = held.flatMap((holder, open) => (holder === null || open === lane ? [] : [open]));
    const goesOn = lastUse(row) > row;
    held[lane] = goesOn ? row : null;
    laneOf.set(row, lane);
    rows.push({ lane, through, from, goesOn });
  }
  return rows.map(clamp);
}

function firstGap(lanes: readonly number[]): number {
  let lane = 0;
  while (lanes.includes(lane)) lane += 1;
  return lane;
}

function freeLane(held: readonly (number | null)[]): number {
  const free = held.indexOf(null);
  return free >= 0 ? free : held.length;
}

function clamp(row: LaneRow): LaneRow {
  const within = (lane: number): number => Math.min(lane, LANES - 1);
  return {
    lane: within(row.lane),
    through: row.through.map(within).filter(unique),
    from: row.from.map(within).filter(unique),
    goesOn: row.goesOn,
  };
}

function unique(lane: number, place: number, lanes: readonly number[]): boolean {
  return lanes.indexOf(lane) === place;
}

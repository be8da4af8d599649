import type { PanelStop, Site, Snapshot } from "../../protocol/wire";
import {
  frameTensors,
  indexOf,
  isLeafNode,
  nodeAt,
  nodeCount,
  tensorAt,
  tensorCount,
  type NodeRow,
  type TensorRow,
} from "./snapshot";
import type { Selection, SessionRecord } from "./state";

/** The tensor and the node that a selection means at one stop: often both sides of the same thing. */
export interface Looked {
  readonly tensor: TensorRow | null;
  readonly node: NodeRow | null;
}

export function selectTensor(snapshot: Snapshot, tensor: TensorRow): Selection {
  return {
    tensor: tensor.names[0] ?? null,
    node: tensor.node === null ? null : (snapshot.nodes.key[tensor.node] ?? null),
  };
}

export function selectNode(snapshot: Snapshot, row: number): Selection {
  const name = (indexOf(snapshot).tensorsOfNode.get(row) ?? [])
    .map((tensor) => tensorAt(snapshot, tensor).names[0])
    .find((found) => found !== undefined);
  return { tensor: name ?? null, node: snapshot.nodes.key[row] ?? null };
}

/** A selection at this stop; null when what was selected is not there. */
export function lookedAt(snapshot: Snapshot, selection: Selection | null): Looked | null {
  if (selection === null) return null;
  const tensor = selection.tensor === null ? null : tensorNamed(snapshot, selection.tensor);
  if (tensor !== null) return ofTensor(snapshot, tensor);
  const row = selection.node === null ? undefined : indexOf(snapshot).nodeOfKey.get(selection.node);
  return row === undefined ? null : ofNode(snapshot, row);
}

/**
 * What the inspector shows before anything is selected.
 *
 * Where the line about to run starts its backward; else, once one has run, a tensor that it passed and whose
 * ``.grad`` is None: that is what people ask about first.
 */
export function firstLook({ snapshot }: PanelStop): Looked | null {
  const { root, will_raise: raises, chosen_by: chosenBy } = snapshot.backward;
  const tensors = frameTensors(snapshot);
  const rootTensor = root >= 0 && root < tensorCount(snapshot) ? tensorAt(snapshot, root) : null;
  const passed = tensors.find(
    (tensor) => tensor.isLeaf === false && tensor.row !== root && tensor.grad === "none",
  );
  const backwardRan = snapshot.nodes.state.includes("freed");
  const first =
    chosenBy !== "line" && backwardRan && passed !== undefined
      ? passed
      : (rootTensor ??
        tensors.findLast((tensor) => tensor.isLeaf === false) ??
        tensors.find((tensor) => tensor.requiresGrad === true) ??
        tensors[0]);
  if (first !== undefined) return ofTensor(snapshot, first);
  if (raises !== null && raises.node >= 0) return ofNode(snapshot, raises.node);
  return nodeCount(snapshot) > 0 ? ofNode(snapshot, nodeCount(snapshot) - 1) : null;
}

function ofTensor(snapshot: Snapshot, tensor: TensorRow): Looked {
  return { tensor, node: tensor.node === null ? null : nodeAt(snapshot, tensor.node) };
}

function ofNode(snapshot: Snapshot, row: number): Looked {
  const tensors = indexOf(snapshot).tensorsOfNode.get(row) ?? [];
  const rows = tensors.map((tensor) => tensorAt(snapshot, tensor));
  return {
    tensor: rows.find((tensor) => tensor.names.length > 0) ?? rows[0] ?? null,
    node: nodeAt(snapshot, row),
  };
}

function tensorNamed(snapshot: Snapshot, name: string): TensorRow | null {
  const text = snapshot.strings.indexOf(name);
  if (text < 0) return null;
  const row = snapshot.tensors.names.findIndex((names) => names.includes(text));
  return row < 0 ? null : tensorAt(snapshot, row);
}

/** The line that made what is looked at. */
export function siteOf(looked: Looked): Site | null {
  return looked.node?.site ?? null;
}

/** Bytes that a freed node held, as an earlier stop saw it. */
export function freedBytesIn(record: SessionRecord, stop: PanelStop): (key: number) => number | null {
  const earlier = record.stops.filter((one) => one.snapshot.stop < stop.snapshot.stop);
  return (key) => {
    for (let place = earlier.length - 1; place >= 0; place -= 1) {
      const snapshot = earlier[place]?.snapshot;
      const row = snapshot === undefined ? undefined : indexOf(snapshot).nodeOfKey.get(key);
      if (snapshot === undefined || row === undefined) return null; // the node was not yet made
      const bytes = snapshot.nodes.saved_bytes[row] ?? -1;
      if (snapshot.nodes.state[row] === "alive") return bytes < 0 ? null : bytes;
    }
    return null;
  };
}

/** Leaves and operations apart. */
export function countLeaves(snapshot: Snapshot): number {
  let leaves = 0;
  for (let row = 0; row < nodeCount(snapshot); row += 1) if (isLeafNode(snapshot, row)) leaves += 1;
  return leaves;
}

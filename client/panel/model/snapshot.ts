import type {
  BackwardEffect,
  GradState,
  HookKind,
  NodeState,
  SavedState,
  Site,
  Snapshot,
  StatisticsColumns,
} from "../../protocol/wire";
import type { Value } from "./format";

const LEAF_NODE = "AccumulateGrad";

export interface TensorRow {
  readonly row: number;
  readonly names: readonly string[];
  readonly typeName: string;
  readonly shape: readonly number[] | null;
  readonly dtype: string;
  readonly device: string;
  readonly layout: string;
  readonly isLeaf: boolean | null;
  readonly requiresGrad: boolean | null;
  readonly retainsGrad: boolean | null;
  readonly isView: boolean | null;
  readonly grad: GradState;
  readonly gradShape: readonly number[] | null;
  readonly gradValue: Value | null;
  readonly value: Value | null;
  readonly node: number | null; // row of grad_fn; of a leaf, its AccumulateGrad
  readonly gradFnName: string | null;
  readonly outputNr: number;
  readonly version: number | null;
  readonly base: number | null;
  readonly storageBytes: number | null;
  readonly module: string | null;
  readonly optimizer: string | null;
  readonly effect: BackwardEffect;
  readonly inFrame: boolean;
  readonly notShown: string | null;
}

export interface NodeRow {
  readonly row: number;
  readonly key: number;
  readonly name: string;
  readonly isLeaf: boolean; // an AccumulateGrad
  readonly sequence: number | null;
  readonly thread: number | null;
  readonly site: Site | null;
  readonly module: string | null;
  readonly shape: readonly number[] | null;
  readonly dtype: string;
  readonly device: string;
  readonly leaf: number | null;
  readonly state: NodeState;
  readonly savedBytes: number | null;
  readonly custom: Site | null;
}

export interface EdgeRow {
  readonly row: number;
  readonly source: number;
  readonly position: number;
  readonly target: number;
  readonly inputNr: number;
}

export interface SavedRow {
  readonly name: string;
  readonly shape: readonly number[] | null;
  readonly dtype: string;
  readonly bytes: number | null;
  readonly versionSaved: number | null;
  readonly versionNow: number | null;
  readonly state: SavedState;
  readonly tensor: number | null;
}

export interface HookRow {
  readonly row: number;
  readonly tensor: number | null;
  readonly node: number | null; // where it runs: of a tensor's hook, the tensor's node
  readonly kind: HookKind;
  readonly name: string;
  readonly site: Site | null;
}

/** Where to find what belongs to a node or a tensor, without looking through the columns again. */
export interface SnapshotIndex {
  readonly nodeOfKey: ReadonlyMap<number, number>;
  readonly nodeOfLeaf: ReadonlyMap<number, number>; // tensor row to AccumulateGrad's row
  readonly tensorsOfNode: ReadonlyMap<number, readonly number[]>;
  readonly outgoing: ReadonlyMap<number, readonly EdgeRow[]>;
  readonly incoming: ReadonlyMap<number, readonly EdgeRow[]>;
  readonly savedOfNode: ReadonlyMap<number, readonly number[]>;
  readonly hooksOfNode: ReadonlyMap<number, readonly HookRow[]>;
  readonly hooksOfTensor: ReadonlyMap<number, readonly HookRow[]>;
}

const indexes = new WeakMap<Snapshot, SnapshotIndex>();

export function indexOf(snapshot: Snapshot): SnapshotIndex {
  const known = indexes.get(snapshot);
  if (known !== undefined) return known;
  const made = makeIndex(snapshot);
  indexes.set(snapshot, made);
  return made;
}

function makeIndex(snapshot: Snapshot): SnapshotIndex {
  const { nodes, tensors, edges, saved, hooks } = snapshot;
  const nodeOfKey = new Map(nodes.key.map((key, row) => [key, row]));
  const nodeOfLeaf = new Map<number, number>();
  const tensorsOfNode = new Map<number, number[]>();
  nodes.leaf.forEach((tensor, row) => {
    if (tensor < 0) return;
    nodeOfLeaf.set(tensor, row);
    push(tensorsOfNode, row, tensor);
  });
  tensors.grad_fn.forEach((node, row) => {
    if (node >= 0) push(tensorsOfNode, node, row);
  });
  const outgoing = new Map<number, EdgeRow[]>();
  const incoming = new Map<number, EdgeRow[]>();
  edges.source.forEach((source, row) => {
    const target = edges.target[row] ?? -1;
    const edge: EdgeRow = {
      row,
      source,
      target,
      position: edges.position[row] ?? 0,
      inputNr: edges.input_nr[row] ?? 0,
    };
    push(outgoing, source, edge);
    push(incoming, target, edge);
  });
  const savedOfNode = new Map<number, number[]>();
  saved.node.forEach((node, row) => {
    push(savedOfNode, node, row);
  });
  const hooksOfNode = new Map<number, HookRow[]>();
  const hooksOfTensor = new Map<number, HookRow[]>();
  hooks.kind.forEach((kind, row) => {
    const tensor = present(hooks.tensor[row]);
    const ownNode = present(hooks.node[row]);
    const tensorNode =
      tensor === null ? null : (present(tensors.grad_fn[tensor]) ?? nodeOfLeaf.get(tensor) ?? null);
    const node = ownNode ?? tensorNode;
    const hook: HookRow = {
      row,
      tensor,
      node,
      kind,
      name: stringAt(snapshot, hooks.name[row]) ?? "hook",
      site: siteAt(snapshot, hooks.site[row]),
    };
    if (node !== null) push(hooksOfNode, node, hook);
    if (tensor !== null) push(hooksOfTensor, tensor, hook);
  });
  return {
    nodeOfKey,
    nodeOfLeaf,
    tensorsOfNode,
    outgoing,
    incoming,
    savedOfNode,
    hooksOfNode,
    hooksOfTensor,
  };
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

export function tensorCount(snapshot: Snapshot): number {
  return snapshot.tensors.names.length;
}

export function nodeCount(snapshot: Snapshot): number {
  return snapshot.nodes.key.length;
}

export function tensorAt(snapshot: Snapshot, row: number): TensorRow {
  const { tensors } = snapshot;
  const dtype = stringAt(snapshot, tensors.dtype[row]) ?? "";
  const shape = shapeAt(snapshot, tensors.shape[row]);
  const gradShape = shapeAt(snapshot, tensors.grad_shape[row]);
  const storage = present(tensors.storage[row]);
  return {
    row,
    names: (tensors.names[row] ?? []).map((name) => stringAt(snapshot, name) ?? ""),
    typeName: stringAt(snapshot, tensors.type_name[row]) ?? "Tensor",
    shape,
    dtype,
    device: stringAt(snapshot, tensors.device[row]) ?? "",
    layout: stringAt(snapshot, tensors.layout[row]) ?? "",
    isLeaf: threeValued(tensors.is_leaf[row]),
    requiresGrad: threeValued(tensors.requires_grad[row]),
    retainsGrad: threeValued(tensors.retains_grad[row]),
    isView: threeValued(tensors.is_view[row]),
    grad: tensors.grad[row] ?? "not_read",
    gradShape,
    gradValue: valueAt(snapshot.statistics, tensors.grad_statistics[row], gradShape),
    value: valueAt(snapshot.statistics, tensors.statistics[row], shape),
    node: present(tensors.grad_fn[row]) ?? indexOf(snapshot).nodeOfLeaf.get(row) ?? null,
    gradFnName: stringAt(snapshot, tensors.grad_fn_name[row]),
    outputNr: tensors.output_nr[row] ?? 0,
    version: present(tensors.version[row]),
    base: present(tensors.base[row]),
    storageBytes: storage === null ? null : present(snapshot.storage_bytes[storage]),
    module: stringAt(snapshot, tensors.module[row]),
    optimizer: stringAt(snapshot, tensors.optimizer[row]),
    effect: tensors.backward_effect[row] ?? "unknown",
    inFrame: tensors.in_frame[row] === 1,
    notShown: stringAt(snapshot, tensors.not_shown[row]),
  };
}

export function nodeAt(snapshot: Snapshot, row: number): NodeRow {
  const { nodes } = snapshot;
  const name = stringAt(snapshot, nodes.name[row]) ?? "?";
  return {
    row,
    key: nodes.key[row] ?? -1,
    name,
    isLeaf: name === LEAF_NODE,
    sequence: present(nodes.sequence[row]),
    thread: present(nodes.thread[row]),
    site: siteAt(snapshot, nodes.site[row]),
    module: stringAt(snapshot, nodes.module[row]),
    shape: shapeAt(snapshot, nodes.shape[row]),
    dtype: stringAt(snapshot, nodes.dtype[row]) ?? "",
    device: stringAt(snapshot, nodes.device[row]) ?? "",
    leaf: present(nodes.leaf[row]),
    state: nodes.state[row] ?? "unknown",
    savedBytes: present(nodes.saved_bytes[row]),
    custom: siteAt(snapshot, nodes.custom[row]),
  };
}

export function isLeafNode(snapshot: Snapshot, row: number): boolean {
  return stringAt(snapshot, snapshot.nodes.name[row]) === LEAF_NODE;
}

export function savedAt(snapshot: Snapshot, row: number): SavedRow {
  const { saved } = snapshot;
  return {
    name: stringAt(snapshot, saved.name[row]) ?? "?",
    shape: shapeAt(snapshot, saved.shape[row]),
    dtype: stringAt(snapshot, saved.dtype[row]) ?? "",
    bytes: present(saved.size_bytes[row]),
    versionSaved: present(saved.version_saved[row]),
    versionNow: present(saved.version_now[row]),
    state: saved.state[row] ?? "not_shown",
    tensor: present(saved.tensor[row]),
  };
}

export function savedOf(snapshot: Snapshot, node: number): readonly SavedRow[] {
  return (indexOf(snapshot).savedOfNode.get(node) ?? []).map((row) => savedAt(snapshot, row));
}

/** The tensors of the frame, in the order in which the probe named them. */
export function frameTensors(snapshot: Snapshot): readonly TensorRow[] {
  return snapshot.tensors.in_frame.flatMap((inFrame, row) =>
    inFrame === 1 ? [tensorAt(snapshot, row)] : [],
  );
}

/** What to call a tensor; a leaf that no name reaches goes by its module's name, or none. */
export function tensorName(tensor: TensorRow): string | null {
  return tensor.names[0] ?? tensor.module;
}

/** Names of the tensors that a node made (or, for AccumulateGrad, that it adds to). */
export function namesOfNode(snapshot: Snapshot, node: number): readonly string[] {
  return (indexOf(snapshot).tensorsOfNode.get(node) ?? []).flatMap((row) => {
    const name = tensorName(tensorAt(snapshot, row));
    return name === null ? [] : [name];
  });
}

export function valueAt(
  statistics: StatisticsColumns,
  row: number | undefined,
  shape: readonly number[] | null,
): Value | null {
  if (row === undefined || row < 0 || row >= statistics.count.length) return null;
  return {
    shape,
    count: statistics.count[row] ?? 0,
    norm: statistics.norm[row] ?? "nan",
    minimum: statistics.minimum[row] ?? "nan",
    maximum: statistics.maximum[row] ?? "nan",
    mean: statistics.mean[row] ?? "nan",
    nan: statistics.nan[row] ?? 0,
    inf: statistics.inf[row] ?? 0,
    first: statistics.first[row] ?? [],
  };
}

function stringAt(snapshot: Snapshot, row: number | undefined): string | null {
  return row === undefined || row < 0 ? null : (snapshot.strings[row] ?? null);
}

function siteAt(snapshot: Snapshot, row: number | undefined): Site | null {
  return row === undefined || row < 0 ? null : (snapshot.sites[row] ?? null);
}

function shapeAt(snapshot: Snapshot, row: number | undefined): readonly number[] | null {
  return row === undefined || row < 0 ? null : (snapshot.shapes[row] ?? null);
}

function present(number: number | undefined): number | null {
  return number === undefined || number < 0 ? null : number;
}

function threeValued(number: number | undefined): boolean | null {
  return number === 1 ? true : number === 0 ? false : null;
}

import type { HookKind, NodeState, Snapshot } from "../../protocol/wire";
import type { Flow } from "./flow";
import { formatFlow, formatSite, isFinite, ordinal, shorten, shortOperation, type Value } from "./format";
import {
  indexOf,
  nodeAt,
  nodeCount,
  tensorAt,
  tensorName,
  type EdgeRow,
  type HookRow,
  type NodeRow,
  type TensorRow,
} from "./snapshot";
import { gradText, partsText, savedText, slopeText, toneOf, valueOrShape } from "./wording";

export const NODES_DRAWN = 150;

const NAME_LENGTH = 16;
const LINE_LENGTH = 34;
const COMPACT_LENGTH = 9; // of numbers, where space is short
const PAD = 12;

export type Font = "code" | "small"; // 12 px of the editor's font, 11 px of the interface's

/** Width of a text in pixels. */
export type Measure = (text: string, font: Font) => number;

/** One node as it is drawn, sized but not placed. */
export interface DrawnNode {
  readonly id: string;
  readonly row: number;
  readonly key: number;
  readonly leaf: boolean;
  readonly state: NodeState;
  readonly tone: "leaf" | "kept" | "plain";
  readonly name: string | null; // the frame's name of what it made
  readonly value: string;
  readonly title: string;
  readonly detail: string;
  readonly broken: boolean; // backward will raise here, or a gradient that is not finite arrived
  readonly hooksBelow: readonly DrawnHook[]; // post hooks
  readonly label: string; // for a screen reader
  readonly width: number;
  readonly height: number;
  readonly nameWidth: number; // of the left compartment; 0 for none
}

export interface DrawnHook {
  readonly kind: HookKind;
  readonly text: string;
}

/** One edge, or the arrow at which a backward begins. */
export interface DrawnEdge {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly state: "still" | "previewed" | "flowed" | "broken";
  readonly first: boolean; // along it a gradient went that was the first not to be finite
  readonly number: string | null;
  readonly slope: string | null;
  readonly hooks: readonly DrawnHook[]; // pre hooks of the node that it comes to
  readonly labelWidth: number;
  readonly labelHeight: number;
}

export interface Drawing {
  readonly density: Density;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
  readonly starts: readonly DrawnStart[];
}

/** The arrow at which a backward begins, or would. */
export interface DrawnStart {
  readonly node: string;
  readonly number: string | null;
  readonly flowed: boolean;
  readonly text: string;
  readonly labelWidth: number;
}

/** ``detailed`` has what was saved and where; ``compact`` name, operation and numbers only. */
export type Density = "detailed" | "compact";

/** What of a snapshot is drawn, and in which words. */
export function drawingOf(
  snapshot: Snapshot,
  flow: Flow | null,
  options: {
    readonly density: Density;
    readonly measure: Measure;
    readonly freedBytes: (key: number) => number | null;
  },
): Drawing {
  const index = indexOf(snapshot);
  const rows = Array.from({ length: nodeCount(snapshot) }, (_, row) => nodeAt(snapshot, row));
  const nodes = rows.map((node) => drawnNode(snapshot, node, flow, options));
  const ringed = new Set<number>(); // a node's hooks are drawn once, on the first edge that comes to it
  const edges = rows.flatMap((node) =>
    (index.outgoing.get(node.row) ?? []).map((edge) => {
      const hooks = ringed.has(edge.target) ? [] : preHooks(snapshot, edge.target, flow);
      ringed.add(edge.target);
      return drawnEdge(snapshot, edge, flow, hooks, options);
    }),
  );
  const starts = rows.flatMap((node) => startOf(snapshot, node, flow, options.measure));
  return { density: options.density, nodes, edges, starts };
}

function drawnNode(
  snapshot: Snapshot,
  node: NodeRow,
  flow: Flow | null,
  options: {
    readonly density: Density;
    readonly measure: Measure;
    readonly freedBytes: (key: number) => number | null;
  },
): DrawnNode {
  const { density, measure } = options;
  const tensors = (indexOf(snapshot).tensorsOfNode.get(node.row) ?? []).map((row) => tensorAt(snapshot, row));
  const main = tensors.find((tensor) => tensorName(tensor) !== null) ?? tensors[0] ?? null;
  const name = main === null ? null : tensorName(main);
  const others = tensors.length - 1;
  const shownName = name === null ? null : shorten(name, NAME_LENGTH) + (others > 0 ? ` +${others}` : "");
  const detailed = density === "detailed";
  const title = node.isLeaf
    ? leafTitle(main, detailed ? NAME_LENGTH : COMPACT_LENGTH)
    : shorten(detailed ? node.name : shortOperation(node.name), 26);
  const detail = detailed
    ? shorten(
        node.isLeaf ? leafDetail(main, node, flow) : operationDetail(snapshot, node, options.freedBytes),
        LINE_LENGTH,
      )
    : "";
  const value =
    main === null ? "" : shorten(valueOrShape(main, detailed ? NAME_LENGTH : COMPACT_LENGTH), NAME_LENGTH);
  const arrived = flow?.arrivedAnywhere(node.key);
  const broken =
    raisesHere(snapshot, node.row) || (arrived !== undefined && arrived !== null && !isFinite(arrived));
  const leftText = shownName ?? "unnamed";
  const nameWidth = detailed
    ? Math.max(measure(leftText, shownName === null ? "small" : "code"), measure(value, "code"), 36) + 2 * PAD
    : 0;
  const compactWidth =
    Math.max(measure([shownName, value].filter(Boolean).join(" "), "code"), measure(title, "code")) + 2 * PAD;
  const detailedWidth = nameWidth + Math.max(measure(title, "code"), measure(detail, "small")) + 2 * PAD;
  const below = postHooks(snapshot, node.row, flow);
  return {
    id: String(node.key),
    row: node.row,
    key: node.key,
    leaf: node.isLeaf,
    state: node.state,
    tone: main === null ? "plain" : toneOf(main),
    name: shownName,
    value,
    title,
    detail,
    broken,
    hooksBelow: below,
    label: [name ?? "unnamed", value, title, detail, ...below.map((hook) => hook.text)]
      .filter((part) => part !== "")
      .join(", "),
    width: Math.ceil(detailed ? detailedWidth : Math.max(compactWidth, 64)),
    height: detailed || shownName !== null ? 44 : 26,
    nameWidth: Math.ceil(nameWidth),
  };
}

/** Only the line about to run is foretold; that some later backward would raise is told by the note. */
function raisesHere({ backward }: Snapshot, node: number): boolean {
  return backward.chosen_by === "line" && backward.will_raise?.node === node;
}

function leafTitle(leaf: TensorRow | null, longest: number): string {
  if (leaf === null) return "leaf, not in this frame";
  return leaf.grad === "none" ? ".grad is None" : `.grad = ${shorten(gradText(leaf, longest), 20)}`;
}

function leafDetail(leaf: TensorRow | null, node: NodeRow, flow: Flow | null): string {
  if (leaf === null) return "a leaf that no name reaches";
  const kind = leaf.typeName === "Parameter" ? "parameter" : "leaf";
  if (flow?.alreadyRan === true) {
    const parts = flow.parts(node.key);
    const sum = partsText(parts, "integer");
    if (sum !== null && parts.length > 1) return `${kind} · ${sum} added up`;
    if (parts.length > 0) {
      return flow.leaf(node.key)?.was === "held"
        ? `${kind} · added to what it held`
        : `${kind} · its first gradient`;
    }
  }
  switch (leaf.effect) {
    case "new":
      return `${kind} · backward will fill it`;
    case "added":
      return `${kind} · backward will add to it`;
    case "untouched":
      return `${kind} · untouched by this backward`;
    case "dropped":
    case "unknown":
      return kind;
  }
}

function operationDetail(
  snapshot: Snapshot,
  node: NodeRow,
  freedBytes: (key: number) => number | null,
): string {
  const place = node.site === null ? null : formatSite(node.site, snapshot.site.path);
  const saved = savedText(snapshot, node, freedBytes(node.key));
  return place === null ? saved : `${place} · ${saved}`;
}

function drawnEdge(
  snapshot: Snapshot,
  edge: EdgeRow,
  flow: Flow | null,
  hooks: readonly DrawnHook[],
  options: { readonly density: Density; readonly measure: Measure },
): DrawnEdge {
  const source = snapshot.nodes.key[edge.source] ?? -1;
  const target = snapshot.nodes.key[edge.target] ?? -1;
  const went = flow?.edge(source, edge.position);
  const firstBroken = flow?.gradients.first_nonfinite;
  const number = went
    ? formatFlow(went, options.density === "detailed" ? NAME_LENGTH : COMPACT_LENGTH)
    : null;
  const onlyArrival = flow?.arrivedAnywhere(source);
  const slope = options.density === "detailed" ? slopeText(onlyArrival, went) : null;
  const lines = [
    options.measure(number ?? "", "code") + (slope === null ? 0 : 6 + options.measure(slope, "small")),
    ...hooks.map((hook) => options.measure(hook.text, "small")),
  ];
  const count = (number === null ? 0 : 1) + hooks.length;
  return {
    id: `${source}:${edge.position}`,
    from: String(source),
    to: String(target),
    state: edgeState(went, flow?.previewed === true),
    first: firstBroken?.key === source && firstBroken.position === edge.position,
    number,
    slope,
    hooks,
    labelWidth: count === 0 ? 0 : Math.ceil(Math.max(...lines)) + 8,
    labelHeight: count * 16,
  };
}

function edgeState(went: Value | null | undefined, previewed: boolean): DrawnEdge["state"] {
  if (went === undefined) return "still";
  if (went !== null && !isFinite(went)) return "broken";
  return previewed ? "previewed" : "flowed";
}

/** Hooks on what arrives at a node: on its tensors, and before it runs. */
function preHooks(snapshot: Snapshot, node: number, flow: Flow | null): readonly DrawnHook[] {
  return hooksWhere(snapshot, node, flow, (hook) => hook.kind === "tensor_pre" || hook.kind === "node_pre");
}

function postHooks(snapshot: Snapshot, node: number, flow: Flow | null): readonly DrawnHook[] {
  return hooksWhere(
    snapshot,
    node,
    flow,
    (hook) => hook.kind === "post_accumulate" || hook.kind === "node_post",
  );
}

function hooksWhere(
  snapshot: Snapshot,
  node: number,
  flow: Flow | null,
  wanted: (hook: HookRow) => boolean,
): readonly DrawnHook[] {
  const hooks = (indexOf(snapshot).hooksOfNode.get(node) ?? []).filter(wanted);
  const [first] = hooks;
  if (first === undefined) return [];
  const turn = hookTurn(snapshot, node, flow);
  const ran = turn === null ? "" : `, ran ${ordinal(turn)}`;
  const more = hooks.length > 1 ? ` and ${hooks.length - 1} more` : "";
  return [{ kind: first.kind, text: `hook ${shorten(first.name, 22)}${more}${ran}` }];
}

/** Place of a node among those with hooks, in the order in which they ran. */
export function hookTurn(snapshot: Snapshot, node: number, flow: Flow | null): number | null {
  if (flow === null) return null;
  const turnOf = (row: number): number => flow.turn(snapshot.nodes.key[row] ?? -1) ?? Infinity;
  const own = turnOf(node);
  if (!Number.isFinite(own)) return null;
  return [...indexOf(snapshot).hooksOfNode.keys()].filter((row) => turnOf(row) <= own).length;
}

/** The arrow above a root: what backward began with, or where it would begin. */
function startOf(
  snapshot: Snapshot,
  node: NodeRow,
  flow: Flow | null,
  measure: Measure,
): readonly DrawnStart[] {
  const incoming = indexOf(snapshot).incoming.get(node.row) ?? [];
  const arrived = flow?.arrivedAnywhere(node.key);
  const fed = incoming.some((edge) => {
    const source = snapshot.nodes.key[edge.source] ?? -1;
    if (flow?.edge(source, edge.position) !== undefined) return true;
    // of edges that meet, a preview knows the sum alone
    return flow?.previewed === true && flow.arrivedAnywhere(source) !== undefined;
  });
  const start = (number: string | null, flowed: boolean, text: string): DrawnStart => ({
    node: String(node.key),
    number,
    flowed,
    text,
    labelWidth: measure(number ?? "", "code") + measure(text, "small") + 12,
  });
  if (arrived !== undefined && !fed) {
    const text = flow?.previewed === true ? "previewed: backward would start here" : "backward starts here";
    return [start(arrived === null ? null : formatFlow(arrived), flow?.previewed !== true, text)];
  }
  const { root } = snapshot.backward;
  const isRoot = root >= 0 && snapshot.tensors.grad_fn[root] === node.row;
  return flow === null && isRoot ? [start(null, false, "backward would start here")] : [];
}

import type { Snapshot } from "../../protocol/wire";
import type { Flow } from "./flow";
import {
  formatBytes,
  formatElements,
  formatNumber,
  formatShape,
  formatValue,
  isFinite,
  isScalar,
  plural,
  shorten,
  styleOf,
  type Value,
} from "./format";
import { savedOf, tensorAt, tensorName, type NodeRow, type TensorRow } from "./snapshot";

const MINUS = "\u2212";
const NAMES_OF_SAVED = 2;

/** What a node's line did: made it, or called the module that did. */
export function madeAt({ lines }: Snapshot): string {
  return lines === "module_calls" ? "called at" : "made at";
}

/** The value when it is short enough to read, else the shape. */
export function valueOrShape(tensor: TensorRow, longest: number): string {
  const elements = tensor.value === null ? null : formatElements(tensor.value, styleOf(tensor.dtype));
  if (elements !== null && elements.length <= longest) return elements;
  return tensor.shape === null ? "" : formatShape(tensor.shape);
}

/** What ``.grad`` is, in the words of the table. */
export function gradText(tensor: TensorRow, longest: number): string {
  switch (tensor.grad) {
    case "none":
      return "None";
    case "not_read":
      return "not read";
    case "held":
      if (tensor.gradValue !== null) return formatValue(tensor.gradValue, styleOf(tensor.dtype), longest);
      return tensor.gradShape === null ? "held" : formatShape(tensor.gradShape);
  }
}

export function kindText(tensor: TensorRow): string {
  if (tensor.isLeaf === null) return "not shown";
  if (!tensor.isLeaf) return "not a leaf";
  if (tensor.requiresGrad === false) return "leaf, no grad";
  return tensor.typeName === "Parameter" ? "parameter" : "leaf";
}

/** Which of the three colours a tensor has everywhere. */
export function toneOf(tensor: TensorRow): "leaf" | "kept" | "plain" {
  if (tensor.isLeaf === false) return "kept";
  return tensor.isLeaf === true && tensor.requiresGrad === true ? "leaf" : "plain";
}

export interface Effect {
  readonly sign: string;
  readonly word: string;
}

/** What the backward foreseen does, signed as Python would. */
export function effectOf(snapshot: Snapshot, tensor: TensorRow): Effect {
  if (tensor.row === snapshot.backward.root) return { sign: "↓", word: "starts it" };
  switch (tensor.effect) {
    case "new":
      return { sign: "=", word: "new" };
    case "added":
      return { sign: "+=", word: "added" };
    case "dropped":
      return { sign: "×", word: "dropped" };
    case "untouched":
      return { sign: "·", word: "untouched" };
    case "unknown":
      return { sign: "?", word: "unknown" };
  }
}

/** What passed a tensor in the backward, or what came together in a leaf: ``−4.0 + 8.0``. */
export function seenText(snapshot: Snapshot, tensor: TensorRow, flow: Flow, longest: number): string | null {
  if (tensor.node === null) return null;
  const key = snapshot.nodes.key[tensor.node] ?? -1;
  if (tensor.isLeaf === true) {
    const sum = partsText(flow.parts(key), "float");
    if (sum !== null) return sum;
  }
  const value = flow.arrived(key, tensor.outputNr);
  return value === undefined ? null : value === null ? "not read" : formatValue(value, "float", longest);
}

/** Scalars that came along several edges, as a sum such as ``8 − 4``; null when they are not scalars. */
export function partsText(parts: readonly (Value | null)[], style: "float" | "integer"): string | null {
  if (parts.length === 0 || parts.length > 3) return null;
  const words = parts.map((part) =>
    part !== null && isScalar(part) ? formatNumber(part.first[0] ?? "nan", style) : null,
  );
  if (words.includes(null)) return null;
  return words
    .map((word, place) =>
      place === 0 ? word : word?.startsWith(MINUS) ? `${MINUS} ${word.slice(1)}` : `+ ${word ?? ""}`,
    )
    .join(" ");
}

/** ``= −4 × 1``: what came in times the slope, for scalars whose incoming gradient says something. */
export function slopeText(came: Value | null | undefined, went: Value | null | undefined): string | null {
  if (!came || !went || !isScalar(came) || !isScalar(went) || !isFinite(came) || !isFinite(went)) return null;
  const [incoming, outgoing] = [came.first[0], went.first[0]];
  if (typeof incoming !== "number" || typeof outgoing !== "number" || incoming === 0) return null;
  return `= ${formatNumber(incoming)} × ${formatNumber(outgoing / incoming)}`;
}

/** What a node holds for backward, said shortly: ``keeps self, 4 B``. */
export function savedText(snapshot: Snapshot, node: NodeRow, freedBytes: number | null): string {
  const names = savedNames(snapshot, node);
  const listed =
    names.length === 0
      ? ""
      : names.length <= NAMES_OF_SAVED
        ? names.join(", ")
        : `${names.slice(0, NAMES_OF_SAVED).join(", ")} and ${names.length - NAMES_OF_SAVED} more`;
  const withBytes = (bytes: number | null): string =>
    [listed, ...(bytes !== null && bytes > 0 ? [formatBytes(bytes)] : [])]
      .filter((part) => part !== "")
      .join(", ");
  switch (node.state) {
    case "saves_nothing":
      return "saved nothing";
    case "alive":
      return `keeps ${withBytes(node.savedBytes) || "buffers"}`;
    case "freed":
      return `freed ${withBytes(freedBytes) || "what it held"}`;
    case "unknown":
      return "saved: not shown";
  }
}

/** The saved tensors by the names that the program gives them, else by the node's own. */
export function savedNames(snapshot: Snapshot, node: NodeRow): readonly string[] {
  const rows = savedOf(snapshot, node.row).filter((saved) => saved.state !== "never");
  return rows.map((saved) => {
    const name = saved.tensor === null ? null : tensorName(tensorAt(snapshot, saved.tensor));
    return shorten(name ?? saved.name, 18);
  });
}

/** A sentence for a node, for which the server words none. */
export function nodeSentence(
  snapshot: Snapshot,
  node: NodeRow,
  flow: Flow | null,
): { readonly title: string; readonly text: string } {
  if (node.isLeaf) {
    return {
      title: "This is where a gradient ends",
      text: "AccumulateGrad adds what arrives to the .grad of its leaf. Backward never clears it.",
    };
  }
  const names = savedNames(snapshot, node);
  const shown = names.length === 0 ? "something" : names.join(", ");
  const flowed = flow?.previewed === false && flow.arrivedAnywhere(node.key) !== undefined;
  switch (node.state) {
    case "saves_nothing":
      return {
        title: `${node.name} keeps nothing`,
        text: "Its slope needs no value of the forward pass, so it holds no memory and can run again.",
      };
    case "alive":
      return {
        title: `${node.name} keeps ${shown}`,
        text: `Backward needs ${names.length === 1 ? "this value" : "these values"} to compute the slope${
          node.savedBytes !== null && node.savedBytes > 0
            ? `: ${formatBytes(node.savedBytes)} held until it has run`
            : ""
        }.${flowed ? " It was kept in the backward that ran (retain_graph=True)." : ""}`,
      };
    case "freed":
      return {
        title: `${node.name} was freed`,
        text: `A backward has run through it and let go of ${shown}. A second one would raise here, unless the first is called with retain_graph=True.`,
      };
    case "unknown":
      return {
        title: `What ${node.name} keeps is not shown`,
        text: "Reading it could run code of the program's own.",
      };
  }
}

export function operationsText(operations: number, leaves: number): string {
  return `${plural(operations, "operation")} · ${leaves === 1 ? "1 leaf" : `${leaves} leaves`}`;
}

import type { JSX } from "preact";

import type { Snapshot } from "../../protocol/wire";
import { formatBytes, formatShape } from "../model/format";
import { savedOf, tensorAt, tensorName, type NodeRow, type SavedRow } from "../model/snapshot";

/** What a node holds for backward, one line each. */
export function SavedLines({
  snapshot,
  node,
}: {
  readonly snapshot: Snapshot;
  readonly node: NodeRow;
}): JSX.Element {
  const rows = savedOf(snapshot, node.row).filter((saved) => saved.state !== "never");
  if (rows.length === 0) return <span>{nothingText(node)}</span>;
  return (
    <>
      {rows.map((saved, place) => (
        <div key={place} class="saved-line">
          <span class="code">{saved.name}</span>
          <Identity snapshot={snapshot} saved={saved} />
          <span class={saved.state === "changed" ? "broken-text" : "muted"}>{detailText(saved)}</span>
        </div>
      ))}
    </>
  );
}

function nothingText(node: NodeRow): string {
  switch (node.state) {
    case "saves_nothing":
      return "nothing: its slope needs no value of the forward pass";
    case "freed":
      return "freed by a backward";
    case "alive":
      return "buffers that are not listed";
    case "unknown":
      return "not shown";
  }
}

/** The program's own name of what is saved, where it has one. */
function Identity({
  snapshot,
  saved,
}: {
  readonly snapshot: Snapshot;
  readonly saved: SavedRow;
}): JSX.Element | null {
  const name = saved.tensor === null ? null : tensorName(tensorAt(snapshot, saved.tensor));
  return name === null ? null : (
    <>
      <span class="muted"> is </span>
      <span class="code">{name}</span>
    </>
  );
}

function detailText(saved: SavedRow): string {
  const parts = [
    ...(saved.shape === null ? [] : [formatShape(saved.shape)]),
    ...(saved.bytes === null ? [] : [formatBytes(saved.bytes)]),
    ...stateWords(saved),
  ];
  return parts.length === 0 ? "" : ` · ${parts.join(", ")}`;
}

function stateWords(saved: SavedRow): readonly string[] {
  switch (saved.state) {
    case "live":
      return [];
    case "changed":
      return [
        `written in place since: saved at version ${saved.versionSaved ?? "?"}, now ${saved.versionNow ?? "?"}`,
      ];
    case "freed":
      return ["freed"];
    case "packed":
      return ["packed by a hook of the program's"];
    case "never":
      return ["never saved"];
    case "not_shown":
      return ["not shown"];
  }
}

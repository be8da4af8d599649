import type { JSX } from "preact";

import type { Snapshot } from "../../protocol/wire";
import { formatBytes, formatShape } from "../model/format";
import { savedOf, tensorAt, tensorName, type NodeRow, type SavedRow } from "../model/snapshot";

/** What a node holds for backward, one row each. */
export function SavedTensors({
  snapshot,
  node,
}: {
  readonly snapshot: Snapshot;
  readonly node: NodeRow;
}): JSX.Element | null {
  const rows = savedOf(snapshot, node.row).filter((saved) => saved.state !== "never");
  if (rows.length === 0) return null;
  return (
    <section class="facts-part">
      <h3>Saved for backward</h3>
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">as</th>
            <th scope="col">tensor</th>
            <th scope="col">shape</th>
            <th scope="col" class="number">
              bytes
            </th>
            <th scope="col">state</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((saved, place) => {
            const name = saved.tensor === null ? null : tensorName(tensorAt(snapshot, saved.tensor));
            return (
              <tr key={place}>
                <td class="code">{saved.name}</td>
                <td class="code">{name ?? <span class="muted">unnamed</span>}</td>
                <td class="code muted">{saved.shape === null ? "" : formatShape(saved.shape)}</td>
                <td class="code number">{saved.bytes === null ? "" : formatBytes(saved.bytes)}</td>
                <td class={saved.state === "changed" ? "broken-text" : "muted"}>{stateText(saved)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function stateText(saved: SavedRow): string {
  switch (saved.state) {
    case "live":
      return "held";
    case "changed":
      return `changed in place: saved at version ${saved.versionSaved ?? "?"}, now ${saved.versionNow ?? "?"}`;
    case "freed":
      return "freed";
    case "packed":
      return "packed by a hook of the program's";
    case "never":
      return "never saved";
    case "not_shown":
      return "not shown";
  }
}

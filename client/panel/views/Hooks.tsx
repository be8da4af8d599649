import type { JSX } from "preact";

import type { HookKind, Snapshot } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import { formatValue } from "../model/format";
import type { Looked } from "../model/selection";
import { indexOf, namesOfNode, nodeAt, tensorAt, tensorName, type HookRow } from "../model/snapshot";
import { Place } from "./parts";

const ALL_SHOWN = 8; // more hooks than this: only those of what is looked at

const KINDS: Readonly<Record<HookKind, string>> = {
  tensor_pre: "",
  post_accumulate: "after .grad is filled",
  node_pre: "before the node runs",
  node_post: "after the node ran",
};

/** The user's hooks, in the order in which they ran or were registered. */
export function Hooks({
  snapshot,
  flow,
  looked,
}: {
  readonly snapshot: Snapshot;
  readonly flow: Flow | null;
  readonly looked: Looked;
}): JSX.Element | null {
  const index = indexOf(snapshot);
  const all = [...index.hooksOfNode.values()].flat();
  const own = looked.node === null ? [] : (index.hooksOfNode.get(looked.node.row) ?? []);
  const shown = all.length > ALL_SHOWN ? own : all;
  if (shown.length === 0) return null;
  const keyOf = (hook: HookRow): number => snapshot.nodes.key[hook.node ?? -1] ?? -1;
  const turnOf = (hook: HookRow): number => flow?.turn(keyOf(hook)) ?? Infinity;
  const ran = flow?.previewed === false && shown.some((hook) => Number.isFinite(turnOf(hook)));
  const ordered = ran ? shown.toSorted((one, other) => turnOf(one) - turnOf(other)) : shown;
  return (
    <section class="facts-part">
      <h3>{ran ? "Hooks, in the order in which they ran" : "Hooks"}</h3>
      <table class="plain">
        <thead>
          <tr>
            {ran && <th />}
            <th scope="col">hook</th>
            <th scope="col">on</th>
            {ran && <th scope="col">saw</th>}
            <th scope="col">code</th>
          </tr>
        </thead>
        <tbody>
          {ordered.map((hook, place) => (
            <HookLine
              key={hook.row}
              snapshot={snapshot}
              hook={hook}
              turn={ran ? place + 1 : null}
              saw={ran ? sawText(flow, keyOf(hook), outputOf(snapshot, hook)) : null}
              selected={own.includes(hook)}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function outputOf(snapshot: Snapshot, hook: HookRow): number {
  return hook.tensor === null ? 0 : tensorAt(snapshot, hook.tensor).outputNr;
}

function sawText(flow: Flow, key: number, outputNr: number): string {
  const value = flow.arrived(key, outputNr);
  return value === undefined ? "did not run" : value === null ? "not read" : formatValue(value);
}

function HookLine({
  snapshot,
  hook,
  turn,
  saw,
  selected,
}: {
  readonly snapshot: Snapshot;
  readonly hook: HookRow;
  readonly turn: number | null;
  readonly saw: string | null;
  readonly selected: boolean;
}): JSX.Element {
  const tensorsName = hook.tensor === null ? null : tensorName(tensorAt(snapshot, hook.tensor));
  const nodesName =
    hook.node === null ? null : (namesOfNode(snapshot, hook.node)[0] ?? nodeAt(snapshot, hook.node).name);
  const kind = KINDS[hook.kind];
  return (
    <tr class={selected ? "own" : ""}>
      {turn !== null && <td class="muted turn">{turn}</td>}
      <td class="code">
        {hook.name}
        {kind !== "" && <span class="muted hook-kind"> {kind}</span>}
      </td>
      <td class="code">{tensorsName ?? nodesName ?? "?"}</td>
      {saw !== null && <td class="code flowing">{saw}</td>}
      <td>
        {hook.site === null ? (
          <span class="muted">no Python code</span>
        ) : (
          <Place site={hook.site} here={snapshot.site.path} />
        )}
      </td>
    </tr>
  );
}

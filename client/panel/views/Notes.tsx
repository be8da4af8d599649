import type { JSX } from "preact";

import type { LeftOut as LeftOutEntry, PanelStop } from "../../protocol/wire";
import { formatCount, shorten } from "../model/format";
import { canPreview, flowAt } from "../model/flow";
import { frameTensors } from "../model/snapshot";
import type { SessionRecord } from "../model/state";
import { useActions } from "./context";
import { Icon } from "./icons";
import { Place, Sentence } from "./parts";
import type { Scene } from "./scene";

const MESSAGE_LENGTH = 600;

/** What backward will do from this stop, in the server's words; and its numbers, when asked for. */
export function Forecast({
  record,
  stop,
}: {
  readonly record: SessionRecord;
  readonly stop: PanelStop;
}): JSX.Element | null {
  if (stop.forecast === "") return null;
  const { will_raise: raises, chosen_by: chosenBy } = stop.snapshot.backward;
  const names = new Set(frameTensors(stop.snapshot).flatMap((tensor) => tensor.names));
  const broken = raises !== null && chosenBy === "line"; // else it tells of a backward that nobody asked for yet
  return (
    <aside class={broken ? "note note-broken" : "note"} aria-label="What backward will do">
      <Icon name={broken ? "error" : "info"} />
      <p>
        <Sentence text={stop.forecast} names={names} site={raises?.freed_by ?? null} />
        {flowAt(record, stop.snapshot)?.previewed === true && (
          <> The numbers are a preview: nothing was accumulated or freed.</>
        )}
      </p>
      {canPreview(record, stop) && <PreviewButton session={stop.session} />}
    </aside>
  );
}

function PreviewButton({ session }: { readonly session: string }): JSX.Element {
  const { preview } = useActions();
  return (
    <button
      type="button"
      class="button"
      title="Compute what backward would bring, without accumulating or freeing anything"
      onClick={() => {
        preview(session);
      }}
    >
      Preview gradients
    </button>
  );
}

/** The exception that stopped or ended the program; gone once the program has stopped elsewhere. */
export function UncaughtNote({
  record,
  stop,
}: {
  readonly record: SessionRecord;
  readonly stop: PanelStop | null;
}): JSX.Element | null {
  const { uncaught } = record;
  if (uncaught === null || (stop !== null && uncaught.stop < stop.snapshot.stop)) return null;
  return (
    <aside class="note note-broken note-uncaught" aria-label="Uncaught exception">
      <Icon name="error" />
      <p>
        <strong>{uncaught.type_name}</strong>
        {uncaught.site !== null && (
          <>
            {" at "}
            <Place site={uncaught.site} here={stop?.snapshot.site.path ?? null} />
          </>
        )}
        {uncaught.message !== "" && `: ${shorten(uncaught.message, MESSAGE_LENGTH)}`}
      </p>
    </aside>
  );
}

/** Which node was the first to make a gradient not finite, in the backward whose numbers are shown. */
export function FlowNote({ scene: { record, stop, flow } }: { readonly scene: Scene }): JSX.Element | null {
  const gradients = flow?.gradients;
  if (gradients === undefined) return null;
  const sentence = record.nonfinite[gradients.backward];
  if (sentence === undefined || flow?.previewed === true) return null;
  const names = new Set(frameTensors(stop.snapshot).flatMap((tensor) => tensor.names));
  return (
    <aside class="note note-broken" aria-label="Gradients that are not finite">
      <Icon name="error" />
      <p>
        <Sentence text={sentence} names={names} site={gradients.first_nonfinite?.site ?? null} />
      </p>
    </aside>
  );
}

/** What a bound kept out of this snapshot. */
export function LeftOut({ stop }: { readonly stop: PanelStop }): JSX.Element | null {
  const left = stop.snapshot.left_out;
  if (left.length === 0) return null;
  const nodes = left.find((out) => out.what === "nodes");
  const others = left.filter((out) => out !== nodes);
  const parts = [
    ...(nodes === undefined ? [] : [shownOf(stop.snapshot.nodes.key.length, nodes)]),
    ...(others.length === 0
      ? []
      : [`left out: ${others.map((out) => `${counted(out)} ${out.what}`).join(", ")}`]),
  ];
  return (
    <span class="left-out" title={left.map((out) => `${counted(out)} of ${out.what}: ${out.why}`).join("\n")}>
      {parts.join("; ")}
    </span>
  );
}

function shownOf(shown: number, left: LeftOutEntry): string {
  const all = formatCount(shown + left.count);
  return `${formatCount(shown)} of ${left.at_least ? "at least " : ""}${all} nodes`;
}

function counted(left: LeftOutEntry): string {
  return `${left.at_least ? "at least " : ""}${formatCount(left.count)}`;
}

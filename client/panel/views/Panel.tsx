import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";

import { flowAt } from "../model/flow";
import { firstLook, lookedAt } from "../model/selection";
import { shownSession, shownStop, stopKey, type Model, type SessionRecord } from "../model/state";
import { stripOf } from "../model/strip";
import { Arrangement } from "./Arrangements";
import { useActions } from "./context";
import { Fallible } from "./Fallible";
import { useViewport } from "./sizes";
import { Banner, SessionLine, standingOf } from "./Standing";
import { StopBars, StopStrip } from "./Strip";
import { TopBar } from "./TopBar";

const STOP_WIDTH = 145; // the least that a stop's code can be read in

const NOTE_WIDTH = 125; // of a stop's words and insets
const DOT_WIDTH = 13;
const DOTS_MOST = 8; // more say less than their number

/** The whole page. */
export function Panel({ model }: { readonly model: Model }): JSX.Element {
  const viewport = useViewport();
  const record = shownSession(model);
  const stop = shownStop(model);
  const flow = useMemo(
    () => (record === null || stop === null ? null : flowAt(record, stop.snapshot)),
    [record, stop],
  );
  useStopKeys();
  const narrow = viewport.mode === "narrow";
  const many = record !== null && record.stops.length * STOP_WIDTH > viewport.width;
  const bars = many || viewport.short;
  const barsBelow = narrow || (viewport.mode === "medium" && !viewport.short);
  const standing = standingOf(model);
  return (
    <div
      data-stop={stop === null ? undefined : stopKey(stop)}
      class={`panel ${viewport.mode}${viewport.short ? " short" : ""}${isPast(model, record) ? " past" : ""}`}
    >
      <TopBar
        model={model}
        stop={stop}
        narrow={narrow}
        bars={bars && !barsBelow}
        labels={viewport.mode !== "narrow" && viewport.mode !== "medium"}
      />
      <Banner model={model} />
      {record !== null && record.stops.length > 0 && <SessionLine model={model} record={record} />}
      {record !== null && stop !== null && !narrow && !bars && (
        <StopStrip record={record} shown={stop} dots={dotsFitting(record, viewport.width)} />
      )}
      {record !== null && stop !== null && barsBelow && (narrow || bars) && (
        <div class="stops-row">
          <StopBars record={record} shown={stop} />
        </div>
      )}
      {standing !== null && <main class="standing">{standing}</main>}
      {standing === null && record !== null && stop !== null && (
        <Fallible of={stopKey(stop)}>
          <Arrangement
            scene={{
              model,
              record,
              stop,
              flow,
              looked: lookedAt(stop.snapshot, model.selection) ?? firstLook(stop),
              hovered: lookedAt(stop.snapshot, model.hovered),
              viewport,
            }}
          />
        </Fallible>
      )}
    </div>
  );
}

/** The most dots that a stop may show: none, where some stop's would not fit beside its words. */
function dotsFitting(record: SessionRecord, width: number): number {
  const shown = stripOf(record)
    .map((item) => item.operations)
    .filter((operations) => operations <= DOTS_MOST);
  const room = Math.floor((width / record.stops.length - NOTE_WIDTH) / DOT_WIDTH);
  return Math.max(0, ...shown) <= room ? DOTS_MOST : 0;
}

/** What is drawn is no longer where the program stands. */
function isPast(model: Model, record: SessionRecord | null): boolean {
  return model.connection.kind !== "open" || (record !== null && record.info.state !== "stopped");
}

function useStopKeys(): void {
  const { dispatch } = useActions();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
      if (event.key === "[") dispatch({ kind: "walk_stops", by: -1 });
      else if (event.key === "]") dispatch({ kind: "walk_stops", by: 1 });
      else if (event.key === "Escape") dispatch({ kind: "select", selection: null });
    };
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener("keydown", onKey);
    };
  }, [dispatch]);
}

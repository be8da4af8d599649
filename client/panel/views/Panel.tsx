import type { JSX } from "preact";
import { useEffect, useMemo } from "preact/hooks";

import type { PanelStop } from "../../protocol/wire";
import { flowAt, type Flow } from "../model/flow";
import { formatBytes, formatDuration, plural } from "../model/format";
import { countLeaves, firstLook, lookedAt, type Looked } from "../model/selection";
import { frameTensors, nodeCount } from "../model/snapshot";
import { shownSession, shownStop, stopKey, type Model, type SessionRecord, type View } from "../model/state";
import { stripOf } from "../model/strip";
import { keptBytes, operationCount } from "../model/tape";
import { operationsText } from "../model/wording";
import { useActions } from "./context";
import { Fallible } from "./Fallible";
import { Findings } from "./Findings";
import { Graph } from "./Graph";
import { useViewport, type Viewport } from "./sizes";
import { Inspector } from "./Inspector";
import { Forecast, LeftOut, UncaughtNote } from "./Notes";
import { Section } from "./parts";
import { Source } from "./Source";
import { Banner, SessionLine, standingOf } from "./Standing";
import { StopBars, StopStrip } from "./Strip";
import { Tape } from "./Tape";
import { Tensors } from "./Tensors";
import { TopBar } from "./TopBar";

const STOP_WIDTH = 145; // the least that a stop's code can be read in

const NOTE_WIDTH = 125; // of a stop's words and insets
const DOT_WIDTH = 13;
const DOTS_MOST = 8; // more say less than their number

/** All that the views of one stop need. */
interface Scene {
  readonly model: Model;
  readonly record: SessionRecord;
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
  readonly viewport: Viewport;
}

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
          <Main
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

function Main({ scene }: { readonly scene: Scene }): JSX.Element {
  switch (scene.viewport.mode) {
    case "narrow":
      return <NarrowMain scene={scene} />;
    case "medium":
      return <MediumMain scene={scene} />;
    case "wide":
    case "ultra":
      return <WideMain scene={scene} />;
  }
}

/** View and inspector; with much room the tape beside the graph. */
function WideMain({ scene }: { readonly scene: Scene }): JSX.Element {
  const { model, record, stop, viewport } = scene;
  const ultra = viewport.mode === "ultra";
  const views: readonly View[] = [
    "graph",
    ...(ultra ? [] : (["tape"] as const)),
    ...(viewport.short ? (["tensors"] as const) : []),
    "source",
  ];
  return (
    <>
      <main class={ultra ? "columns three" : "columns"}>
        {ultra && (
          <div class="column tape-column">
            <div class="view-head">
              <h2>Tape</h2>
              <TapeSummary stop={stop} />
            </div>
            <TapeView scene={scene} />
          </div>
        )}
        <div class="column">
          <ViewHead scene={scene} views={views} />
          <OneView scene={scene} view={shownView(model.view, views)} />
          {!viewport.short && <UncaughtNote record={record} stop={stop} />}
          {!viewport.short && <Forecast stop={stop} />}
        </div>
        <div class="column side">
          <div class="scroll">
            <Findings record={record} stop={stop} />
            {viewport.short && <UncaughtNote record={record} stop={stop} />}
            {viewport.short && !saidBySheet(scene) && <Forecast stop={stop} />}
            <Look scene={scene} />
          </div>
          {!viewport.short && (
            <div class="dock">
              <TensorSection scene={scene} narrow={false} />
            </div>
          )}
        </div>
      </main>
      {!viewport.short && <Footer stop={stop} />}
    </>
  );
}

/** One view and, below it, a sheet for what is selected. */
function MediumMain({ scene }: { readonly scene: Scene }): JSX.Element {
  const { model, record, stop, viewport } = scene;
  const views: readonly View[] = ["graph", "tape", "tensors", "source"];
  return (
    <>
      <main class={viewport.short ? "columns" : "stack"}>
        <div class="column">
          <ViewHead scene={scene} views={views} />
          <OneView scene={scene} view={shownView(model.view, views)} />
          {!viewport.short && <UncaughtNote record={record} stop={stop} />}
          {!viewport.short && !saidBySheet(scene) && <Forecast stop={stop} />}
        </div>
        <div class={viewport.short ? "column side" : "sheet"}>
          <div class="scroll">
            <Findings record={record} stop={stop} />
            {viewport.short && <UncaughtNote record={record} stop={stop} />}
            {viewport.short && !saidBySheet(scene) && <Forecast stop={stop} />}
            <Look scene={scene} />
          </div>
        </div>
      </main>
      {!viewport.short && <Footer stop={stop} />}
    </>
  );
}

/** A side bar: sections that fold, and the selection as a sheet. */
function NarrowMain({ scene }: { readonly scene: Scene }): JSX.Element {
  const { record, stop, looked, viewport } = scene;
  const count = nodeCount(stop.snapshot);
  return (
    <>
      <main class="stack">
        <div class="scroll sections">
          <UncaughtNote record={record} stop={stop} />
          {!saidBySheet(scene) && <Forecast stop={stop} />}
          <Findings record={record} stop={stop} />
          <TensorSection scene={scene} narrow />
          {count > 0 && count <= 40 && (
            <Section id="graph" title="Graph">
              <div class="narrow-graph">
                <OneView scene={scene} view="graph" />
              </div>
            </Section>
          )}
          {count > 0 && (
            <Section id="tape" title="Tape" note={plural(count, "node")}>
              <div class="narrow-tape" style={{ height: `${Math.min(count * 22 + 24, 420)}px` }}>
                <TapeView scene={scene} />
              </div>
            </Section>
          )}
        </div>
        {looked !== null && !viewport.short && (
          <div class="sheet">
            <div class="scroll">
              <Look scene={scene} />
            </div>
          </div>
        )}
      </main>
      {!viewport.short && <Footer stop={stop} />}
    </>
  );
}

/** The sheet below already has the forecast's sentence. */
function saidBySheet({ stop, looked }: Scene): boolean {
  const sentence = stop.sentences.find((one) => one.tensor === looked?.tensor?.row);
  return stop.forecast !== "" && sentence?.text.includes(stop.forecast) === true;
}

function shownView(view: View, views: readonly View[]): View {
  return views.includes(view) ? view : "graph";
}

const TITLES: Readonly<Record<View, string>> = {
  graph: "Graph",
  tape: "Tape",
  tensors: "Tensors",
  source: "Source",
};

function ViewHead({ scene, views }: { readonly scene: Scene; readonly views: readonly View[] }): JSX.Element {
  const { dispatch } = useActions();
  const { model, stop, viewport } = scene;
  const current = shownView(model.view, views);
  return (
    <div class="view-head">
      <div class="tabs" role="tablist" aria-label="Views">
        {views.map((view) => (
          <button
            key={view}
            type="button"
            role="tab"
            aria-selected={view === current}
            tabIndex={view === current ? 0 : -1}
            class={view === current ? "tab current" : "tab"}
            onClick={() => {
              dispatch({ kind: "show", view });
            }}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              const target = views[(views.indexOf(view) + step + views.length) % views.length];
              if (step === 0 || target === undefined) return;
              dispatch({ kind: "show", view: target });
              const tabs = event.currentTarget.parentElement?.querySelectorAll<HTMLElement>("[role=tab]");
              tabs?.[views.indexOf(target)]?.focus();
            }}
          >
            {TITLES[view]}
          </button>
        ))}
      </div>
      <ViewSummary scene={scene} view={current} />
      {viewport.short && <span class="muted captured">{capturedText(stop)}</span>}
    </div>
  );
}

function ViewSummary({ scene: { stop }, view }: { readonly scene: Scene; readonly view: View }): JSX.Element {
  const { snapshot } = stop;
  const leaves = countLeaves(snapshot);
  const summary = operationsText(nodeCount(snapshot) - leaves, leaves);
  switch (view) {
    case "graph":
      return <span class="muted summary">{nodeCount(snapshot) === 0 ? "" : summary}</span>;
    case "tape":
      return <TapeSummary stop={stop} />;
    case "tensors":
      return <span class="muted summary">{frameTensors(snapshot).length} in this frame</span>;
    case "source":
      return <span class="muted summary">the marked line is next</span>;
  }
}

function TapeSummary({ stop }: { readonly stop: PanelStop }): JSX.Element {
  const kept = keptBytes(stop.snapshot);
  return (
    <span class="muted summary">
      {plural(operationCount(stop.snapshot), "operation")}
      {kept > 0 && `, ${formatBytes(kept)} kept`}
    </span>
  );
}

function OneView({ scene, view }: { readonly scene: Scene; readonly view: View }): JSX.Element {
  const { record, stop, flow, looked, hovered, viewport } = scene;
  switch (view) {
    case "graph":
      return (
        <Graph
          record={record}
          stop={stop}
          flow={flow}
          looked={looked}
          hovered={hovered}
          legend={viewport.height >= 520 && viewport.mode !== "narrow"}
        />
      );
    case "tape":
      return <TapeView scene={scene} />;
    case "tensors":
      return (
        <div class="scroll">
          <Tensors stop={stop} flow={flow} looked={looked} hovered={hovered} narrow={false} />
        </div>
      );
    case "source":
      return (
        <div class="scroll">
          <Source stop={stop} looked={looked} />
        </div>
      );
  }
}

function TapeView({ scene }: { readonly scene: Scene }): JSX.Element {
  const { model, stop, flow, looked, hovered, viewport } = scene;
  return (
    <Tape
      stop={stop}
      flow={flow}
      looked={looked}
      hovered={hovered}
      folded={model.folded}
      narrow={viewport.mode === "narrow"}
    />
  );
}

function Look({ scene: { stop, flow, looked } }: { readonly scene: Scene }): JSX.Element {
  return looked === null ? (
    <p class="muted empty-list">Nothing of this frame can be looked at yet.</p>
  ) : (
    <Inspector stop={stop} flow={flow} looked={looked} />
  );
}

function TensorSection({ scene, narrow }: { readonly scene: Scene; readonly narrow: boolean }): JSX.Element {
  const { stop, flow, looked, hovered } = scene;
  return (
    <Section id="tensors" title="Tensors of this frame" count={frameTensors(stop.snapshot).length}>
      <Tensors stop={stop} flow={flow} looked={looked} hovered={hovered} narrow={narrow} />
    </Section>
  );
}

function capturedText(stop: PanelStop): string {
  return `captured in ${formatDuration(stop.snapshot.capture_us)}`;
}

function Footer({ stop }: { readonly stop: PanelStop }): JSX.Element {
  const { open } = useActions();
  return (
    <footer class="footer">
      <span class="hint">
        {open === null
          ? "Click a node to see what it keeps; [ and ] walk through the stops."
          : "Double click a node to go to its line; [ and ] walk through the stops."}
      </span>
      <span class="spacer" />
      <LeftOut stop={stop} />
      <span>{capturedText(stop)}</span>
    </footer>
  );
}

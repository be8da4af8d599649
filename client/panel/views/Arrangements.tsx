import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import { formatBytes, plural } from "../model/format";
import { totalBytes } from "../model/memory";
import { frameTensors, nodeCount } from "../model/snapshot";
import type { View } from "../model/state";
import { useActions } from "./context";
import { Findings } from "./Findings";
import { Inspector } from "./Inspector";
import { Memory } from "./Memory";
import { FlowNote, Forecast, LeftOut, UncaughtNote } from "./Notes";
import { capturedText, OneView, shownView, TapeSummary, TapeView, ViewHead } from "./OneView";
import { Section } from "./parts";
import type { Scene } from "./scene";
import { Tensors } from "./Tensors";

/** The views of one stop, arranged for the page's width and height. */
export function Arrangement({ scene }: { readonly scene: Scene }): JSX.Element {
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
    "memory",
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
          {!viewport.short && <FlowNote scene={scene} />}
          {!viewport.short && <Forecast record={record} stop={stop} />}
        </div>
        <div class="column side">
          <Side scene={scene} />
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

/** What the rules said and what is selected; where height is short, the notes too. */
function Side({ scene }: { readonly scene: Scene }): JSX.Element {
  const { record, stop, viewport } = scene;
  return (
    <div class="scroll">
      <Findings record={record} stop={stop} />
      {viewport.short && <UncaughtNote record={record} stop={stop} />}
      {viewport.short && <FlowNote scene={scene} />}
      {viewport.short && !saidBySheet(scene) && <Forecast record={record} stop={stop} />}
      <Look scene={scene} />
    </div>
  );
}

/** One view and, below it, a sheet for what is selected. */
function MediumMain({ scene }: { readonly scene: Scene }): JSX.Element {
  const { model, record, stop, viewport } = scene;
  const views: readonly View[] = ["graph", "tape", "tensors", "memory", "source"];
  return (
    <>
      <main class={viewport.short ? "columns" : "stack"}>
        <div class="column">
          <ViewHead scene={scene} views={views} />
          <OneView scene={scene} view={shownView(model.view, views)} />
          {!viewport.short && <UncaughtNote record={record} stop={stop} />}
          {!viewport.short && <FlowNote scene={scene} />}
          {!viewport.short && !saidBySheet(scene) && <Forecast record={record} stop={stop} />}
        </div>
        <div class={viewport.short ? "column side" : "sheet"}>
          <Side scene={scene} />
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
          <FlowNote scene={scene} />
          {!saidBySheet(scene) && <Forecast record={record} stop={stop} />}
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
          {(stop.keepers.length > 0 || totalBytes(stop.snapshot.memory) > 0) && (
            <Section
              id="memory"
              title="Memory"
              count={stop.keepers.length > 0 ? stop.keepers.length : undefined}
              note={`${formatBytes(stop.snapshot.memory.kept)} kept`}
            >
              <Memory stop={stop} />
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

import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import { formatBytes, formatDuration, plural } from "../model/format";
import { countLeaves } from "../model/selection";
import { frameTensors, nodeCount } from "../model/snapshot";
import type { View } from "../model/state";
import { keptBytes, operationCount } from "../model/tape";
import { operationsText } from "../model/wording";
import { useActions } from "./context";
import { Graph } from "./Graph";
import { Memory } from "./Memory";
import type { Scene } from "./scene";
import { Source } from "./Source";
import { Tape } from "./Tape";
import { Tensors } from "./Tensors";

export function shownView(view: View, views: readonly View[]): View {
  return views.includes(view) ? view : "graph";
}

const TITLES: Readonly<Record<View, string>> = {
  graph: "Graph",
  tape: "Tape",
  tensors: "Tensors",
  memory: "Memory",
  source: "Source",
};

/** The tabs, and what the view holds in a few words. */
export function ViewHead({
  scene,
  views,
}: {
  readonly scene: Scene;
  readonly views: readonly View[];
}): JSX.Element {
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
            {view === "memory" && stop.keepers.length > 0 && (
              <span
                class="badge badge-warning"
                title={`${plural(stop.keepers.length, "name")} keeping old graphs alive`}
              >
                {stop.keepers.length}
              </span>
            )}
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
    case "memory":
      return <span class="muted summary">{formatBytes(snapshot.memory.kept)} kept for backward</span>;
    case "source":
      return <span class="muted summary">the marked line is next</span>;
  }
}

export function TapeSummary({ stop }: { readonly stop: PanelStop }): JSX.Element {
  const kept = keptBytes(stop.snapshot);
  return (
    <span class="muted summary">
      {plural(operationCount(stop.snapshot), "operation")}
      {kept > 0 && `, ${formatBytes(kept)} kept`}
    </span>
  );
}

export function OneView({ scene, view }: { readonly scene: Scene; readonly view: View }): JSX.Element {
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
    case "memory":
      return (
        <div class="scroll">
          <Memory stop={stop} />
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

export function TapeView({ scene }: { readonly scene: Scene }): JSX.Element {
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

export function capturedText(stop: PanelStop): string {
  return `captured in ${formatDuration(stop.snapshot.capture_us)}`;
}

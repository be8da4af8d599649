import type { JSX } from "preact";
import { useMemo } from "preact/hooks";

import type { PanelStop, Snapshot } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import {
  formatBytes,
  formatCount,
  formatFlow,
  formatShape,
  formatSite,
  isFinite,
  shortOperation,
} from "../model/format";
import { lanesOf, type LaneRow } from "../model/lanes";
import { selectNode, type Looked } from "../model/selection";
import { namesOfNode, nodeAt, type NodeRow } from "../model/snapshot";
import { mostBytes, tapeLines, type TapeLine } from "../model/tape";
import { madeAt } from "../model/wording";
import { useActions } from "./context";
import { Icon } from "./icons";
import { ROW_HEIGHT, VirtualRows } from "./VirtualRows";

const LANE_WIDTH = 12;
const LANES_SHOWN = 6;

interface TapeProps {
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
  readonly folded: ReadonlySet<string>;
  readonly narrow: boolean;
}

/** The nodes in the order in which they were made. */
export function Tape({ stop, flow, looked, hovered, folded, narrow }: TapeProps): JSX.Element {
  const { dispatch, open } = useActions();
  const { snapshot } = stop;
  const lines = useMemo(() => tapeLines(snapshot, folded), [snapshot, folded]);
  const most = useMemo(() => mostBytes(snapshot), [snapshot]);
  const lanes = lanesOf(snapshot);
  const lanesUsed = lanes === null ? 0 : Math.min(LANES_SHOWN, widest(lanes));
  const sites = !narrow && snapshot.nodes.site.some((site) => site >= 0);
  const selected = looked?.node?.row ?? null;
  const current = lines.findIndex((line) => line.kind === "node" && line.row === selected);
  if (lines.length === 0) return <p class="blank muted">No operation has been recorded.</p>;
  const walk = (place: number): void => {
    const by = place >= current ? 1 : -1;
    const node = nodeFrom(lines, place, by) ?? nodeFrom(lines, place, by === 1 ? -1 : 1); // a header is stepped over
    if (node !== null) dispatch({ kind: "select", selection: selectNode(snapshot, node.row) });
  };
  const enter = (): void => {
    const site = looked?.node?.site;
    if (site != null) open?.(site);
  };
  return (
    <div class={narrow ? "tape tape-narrow" : "tape"}>
      {!narrow && <TapeHead lanes={lanesUsed} made={sites ? madeAt(snapshot) : null} />}
      <VirtualRows
        class="tape-rows"
        count={lines.length}
        current={current}
        label="Tape: nodes in the order in which they were made"
        rowId="tape"
        onWalk={walk}
        onEnter={enter}
        sticky={(first) => {
          const header = headerOver(lines, first);
          return header === null ? null : <GroupRow line={header} place={null} />;
        }}
        render={(place) => {
          const line = lines[place];
          if (line === undefined) return null;
          if (line.kind === "group") return <GroupRow key={line.id} line={line} place={place} />;
          const node = nodeAt(snapshot, line.row);
          return (
            <NodeLine
              key={node.key}
              snapshot={snapshot}
              node={node}
              place={place}
              flow={flow}
              lane={lanes?.[line.row] ?? null}
              lanes={lanesUsed}
              most={most}
              selected={line.row === selected}
              hovered={line.row === hovered?.node?.row}
              narrow={narrow}
              sites={sites}
            />
          );
        }}
      />
    </div>
  );
}

function nodeFrom(
  lines: readonly TapeLine[],
  place: number,
  by: 1 | -1,
): Extract<TapeLine, { kind: "node" }> | null {
  for (let at = place; at >= 0 && at < lines.length; at += by) {
    const line = lines[at];
    if (line?.kind === "node") return line;
  }
  return null;
}

/** The header of the group that a row is in the midst of. */
function headerOver(lines: readonly TapeLine[], first: number): Extract<TapeLine, { kind: "group" }> | null {
  if (lines[first]?.kind !== "node") return null;
  for (let at = first; at >= 0; at -= 1) {
    const line = lines[at];
    if (line?.kind === "group") return line;
  }
  return null;
}

function widest(lanes: readonly LaneRow[]): number {
  return lanes.reduce((most, lane) => Math.max(most, lane.lane + 1), 1);
}

interface TapeHeadProps {
  readonly lanes: number;
  /** What is said above the nodes' lines; null where none is known. */
  readonly made: string | null;
}

function TapeHead({ lanes, made }: TapeHeadProps): JSX.Element {
  return (
    <div class="tape-head" role="row" aria-hidden="true">
      <span class="lanes" style={{ width: `${lanes * LANE_WIDTH + 8}px` }} />
      <span class="operation">operation</span>
      {made !== null && <span class="made">{made}</span>}
      <span class="shape">shape</span>
      <span class="bytes">kept</span>
      <span class="came">gradient</span>
    </div>
  );
}

function GroupRow({
  line,
  place,
}: {
  readonly line: Extract<TapeLine, { kind: "group" }>;
  readonly place: number | null; // null for a copy that stands over the rows
}): JSX.Element {
  const { dispatch } = useActions();
  return (
    <div
      id={place === null ? undefined : `tape-${place}`}
      class="tape-row group"
      role="row"
      aria-rowindex={place === null ? undefined : place + 1}
      aria-hidden={place === null}
      aria-expanded={!line.folded}
      onClick={() => {
        dispatch({ kind: "fold", group: line.id });
      }}
    >
      <Icon name={line.folded ? "folded" : "open"} />
      <span class="group-label" role="gridcell">
        {line.label}
      </span>
      <span class="muted" role="gridcell">
        {formatCount(line.count)} {line.count === 1 ? "node" : "nodes"}
      </span>
      <span class="bytes" role="gridcell">
        {line.bytes > 0 ? formatBytes(line.bytes) : ""}
      </span>
    </div>
  );
}

function NodeLine({
  snapshot,
  node,
  place,
  flow,
  lane,
  lanes,
  most,
  selected,
  hovered,
  narrow,
  sites,
}: {
  readonly snapshot: Snapshot;
  readonly node: NodeRow;
  readonly place: number;
  readonly flow: Flow | null;
  readonly lane: LaneRow | null;
  readonly lanes: number;
  readonly most: number;
  readonly selected: boolean;
  readonly hovered: boolean;
  readonly narrow: boolean;
  readonly sites: boolean;
}): JSX.Element {
  const { dispatch, open } = useActions();
  const names = namesOfNode(snapshot, node.row);
  const arrived = flow?.arrivedAnywhere(node.key);
  const bytes = node.savedBytes ?? 0;
  const classes = ["tape-row", node.isLeaf ? "leaf" : node.state];
  if (selected) classes.push("selected");
  if (hovered) classes.push("hovered");
  return (
    <div
      id={`tape-${place}`}
      class={classes.join(" ")}
      role="row"
      aria-rowindex={place + 1}
      aria-selected={selected}
      onClick={() => {
        dispatch({ kind: "select", selection: selectNode(snapshot, node.row) });
      }}
      onDblClick={() => {
        if (node.site !== null) open?.(node.site);
      }}
    >
      <Lanes lane={lane} width={lanes * LANE_WIDTH + 8} node={node} />
      <span class="operation" role="gridcell">
        {node.isLeaf ? (
          <>
            <span class="name leaf-name">{names.join(", ") || "unnamed"}</span>
            <span class="muted">{narrow ? " leaf" : " leaf, AccumulateGrad"}</span>
          </>
        ) : (
          <>
            <code>{narrow ? shortOperation(node.name) : node.name}</code>
            {names.length > 0 && <span class="name"> {names.join(", ")}</span>}
          </>
        )}
      </span>
      {sites && (
        <span class="made muted" role="gridcell">
          {node.site === null ? "" : formatSite(node.site, snapshot.site.path)}
        </span>
      )}
      {!narrow && (
        <span class="shape muted" role="gridcell">
          {node.shape === null ? "" : formatShape(node.shape)}
        </span>
      )}
      <span class="bytes" role="gridcell">
        <span>{savedWord(node)}</span>
        {bytes > 0 && most > 0 && (
          <span class="bytes-bar" style={{ width: `${Math.max(2, (bytes / most) * 100)}%` }} />
        )}
      </span>
      <span class={arrived && !isFinite(arrived) ? "came broken-text" : "came"} role="gridcell">
        {arrived === undefined ? "" : arrived === null ? "arrived" : formatFlow(arrived)}
      </span>
    </div>
  );
}

function savedWord(node: NodeRow): string {
  if (node.isLeaf) return "";
  switch (node.state) {
    case "alive":
      return node.savedBytes === null ? "kept" : formatBytes(node.savedBytes);
    case "freed":
      return "freed";
    case "saves_nothing":
      return "–";
    case "unknown":
      return "?";
  }
}

function Lanes({
  lane,
  width,
  node,
}: {
  readonly lane: LaneRow | null;
  readonly width: number;
  readonly node: NodeRow;
}): JSX.Element {
  const middle = ROW_HEIGHT / 2;
  const at = (place: number): number => place * LANE_WIDTH + 9;
  if (lane === null) return <span class="lanes" style={{ width: "18px" }} />;
  const x = at(lane.lane);
  return (
    <svg class="lanes" width={width} height={ROW_HEIGHT} aria-hidden="true">
      {lane.through.map((open) => (
        <path key={open} class="lane" d={`M${at(open)} 0V${ROW_HEIGHT}`} />
      ))}
      {lane.from.map((open) => (
        <path key={open} class="lane" d={`M${at(open)} 0C${at(open)} ${middle} ${x} 0 ${x} ${middle}`} />
      ))}
      {lane.goesOn && <path class="lane" d={`M${x} ${middle}V${ROW_HEIGHT}`} />}
      {node.isLeaf ? (
        <rect class="dot leaf" x={x - 5} y={middle - 3.5} width="10" height="7" rx="3.5" />
      ) : (
        <circle class={`dot ${node.state}`} cx={x} cy={middle} r="4.5" />
      )}
    </svg>
  );
}

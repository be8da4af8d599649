import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { PanelStop } from "../../protocol/wire";
import { drawingOf, NODES_DRAWN, type Density } from "../model/drawing";
import type { Flow } from "../model/flow";
import { formatCount } from "../model/format";
import { layout, type Direction, type Placed, type PlacedNode } from "../model/layout";
import { freedBytesIn, selectNode, type Looked } from "../model/selection";
import { nodeAt, nodeCount } from "../model/snapshot";
import { stopKey, type SessionRecord } from "../model/state";
import { useActions } from "./context";
import { GraphEdge, GraphStart } from "./GraphEdge";
import { Icon } from "./icons";
import { GraphNode } from "./GraphNode";
import { useSize, type Size } from "./sizes";
import { Legend } from "./Legend";
import { measureText } from "./measure";
import { IconButton } from "./parts";

const DETAILED_NODES = 40; // more are drawn compactly
const DETAILED_LEAST = 0.85; // the details do not fit at this scale: draw compactly
const FIT_LEAST = 0.72; // smaller text cannot be read: scroll
const SCALE_LEAST = 0.3;
const FIT_MOST = 1.2; // a small graph in a large box grows a little
const SCALE_MOST = 2;
const ZOOM_STEP = 1.2;
const VIEW_MARGIN = 64; // of what is scrolled into view
const LOW = 330; // a box lower than this is drawn from left to right
const SLIM = 460;

interface GraphProps {
  readonly record: SessionRecord;
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
  readonly legend: boolean;
}

/** The graph as a drawing; of one too large, where to see it instead. */
export function Graph(props: GraphProps): JSX.Element {
  const { dispatch } = useActions();
  const count = nodeCount(props.stop.snapshot);
  if (count === 0) {
    const { title, text } = withoutGraph(props.record, props.stop);
    return (
      <div class="blank">
        <p class="blank-title">{title}</p>
        <p>{text}</p>
      </div>
    );
  }
  if (count > NODES_DRAWN) {
    return (
      <div class="blank">
        <p class="blank-title">{formatCount(count)} nodes are too many to draw</p>
        <p>Up to {NODES_DRAWN} are drawn. The tape lists every one, in the order in which they were made.</p>
        <button
          type="button"
          class="button primary"
          onClick={() => {
            dispatch({ kind: "show", view: "tape" });
          }}
        >
          Show the tape
        </button>
      </div>
    );
  }
  return <DrawnGraph {...props} />;
}

/** Why there is nothing to draw at this stop. */
function withoutGraph(
  record: SessionRecord,
  stop: PanelStop,
): { readonly title: string; readonly text: string } {
  const { grad_mode: gradMode, inference_mode: inference, stop: serial } = stop.snapshot;
  if (inference) return { title: "No graph", text: "Inference mode is on here, so PyTorch records nothing." };
  if (!gradMode)
    return { title: "No graph", text: "Grad mode is off here (torch.no_grad), so PyTorch records nothing." };
  const ran = record.gradients.some((gradients) => gradients.stop < serial);
  const seen = record.stops.some((one) => one.snapshot.stop < serial && nodeCount(one.snapshot) > 0);
  return ran || seen
    ? {
        title: "No graph is alive here",
        text: "The last one is gone: no tensor of this frame refers to it any more.",
      }
    : { title: "No graph yet", text: "It grows with the first operation on a tensor that requires grad." };
}

function DrawnGraph({ record, stop, flow, looked, hovered, legend }: GraphProps): JSX.Element {
  const [box, size] = useSize<HTMLDivElement>();
  const drawn = usePlaced(record, stop, flow, size);
  return (
    <div class="graph">
      <div class="graph-box" ref={box}>
        {drawn !== null && size !== null && (
          <Canvas placed={drawn.placed} size={size} stop={drawn.stop} looked={looked} hovered={hovered} />
        )}
      </div>
      {legend && drawn !== null && <Legend placed={drawn.placed} />}
    </div>
  );
}

function manner(
  size: Size | null,
  nodes: number,
): { readonly density: Density; readonly direction: Direction } {
  if (size === null) return { density: "detailed", direction: "down" };
  const low = size.height < LOW && size.width > size.height * 1.5;
  const compact = low || size.width < SLIM || nodes > DETAILED_NODES;
  return { density: compact ? "compact" : "detailed", direction: low ? "right" : "down" };
}

/** A drawing and the stop that it is of. */
interface Drawn {
  readonly placed: Placed;
  readonly stop: PanelStop;
}

/** The drawing laid out; until a new one is, the one before it. */
function usePlaced(
  record: SessionRecord,
  stop: PanelStop,
  flow: Flow | null,
  size: Size | null,
): Drawn | null {
  const [placed, setPlaced] = useState<Drawn | null>(null);
  const { density: wished, direction } = manner(size, nodeCount(stop.snapshot));
  useEffect(() => {
    if (size === null) return undefined;
    const request = { wanted: true };
    const draw = (density: Density): Promise<Placed> => {
      const freedBytes = freedBytesIn(record, stop);
      return layout({
        drawing: drawingOf(stop.snapshot, flow, { density, measure: measureText, freedBytes }),
        direction,
      });
    };
    void draw(wished)
      .then((placed) =>
        wished === "detailed" && fitOf(placed, size) < DETAILED_LEAST ? draw("compact") : placed,
      )
      .then((placed) => {
        if (request.wanted) setPlaced({ placed, stop });
      });
    return () => {
      request.wanted = false;
    };
  }, [
    record,
    stop,
    flow?.gradients,
    flow?.alreadyRan,
    flow?.previewed,
    wished,
    direction,
    size?.width,
    size?.height,
  ]);
  return placed;
}

/** The scale at which all of it can be seen. */
function fitOf(placed: Placed, size: Size): number {
  return Math.min(size.width / placed.width, size.height / placed.height);
}

/** The drawing at a scale, in a box that scrolls. */
function Canvas({
  placed,
  size,
  stop,
  looked,
  hovered,
}: {
  readonly placed: Placed;
  readonly size: Size;
  readonly stop: PanelStop;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
}): JSX.Element {
  const { dispatch, open } = useActions();
  const [zoom, setZoom] = useState<number | null>(null); // null: fit
  const scroller = useRef<HTMLDivElement>(null);
  const most = size.width < SLIM ? 1 : FIT_MOST;
  const fit = Math.max(FIT_LEAST, Math.min(most, fitOf(placed, size)));
  const scale = zoom ?? fit;
  const selected = looked?.node?.row ?? null;
  const zoomBy = (factor: number): void => {
    setZoom(Math.min(SCALE_MOST, Math.max(SCALE_LEAST, scale * factor)));
  };

  useEffect(() => {
    const box = scroller.current;
    const node = box?.querySelector(".node.selected .ring");
    if (box != null && node != null) bringIntoView(box, node);
  }, [selected, placed, scale]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "f") {
      setZoom(null);
    } else if (event.key === "Enter" && selected !== null) {
      const { site } = nodeAt(stop.snapshot, selected);
      if (site !== null) open?.(site);
    } else {
      const target = nodeAfterKey(placed, selected, event.key);
      if (target === null) return;
      dispatch({ kind: "select", selection: selectNode(stop.snapshot, target) });
    }
    event.preventDefault();
  };

  return (
    <>
      <div
        ref={scroller}
        class="graph-scroll"
        tabIndex={0}
        role="listbox"
        aria-label="Autograd graph; arrow keys walk along its edges"
        aria-activedescendant={selected === null ? undefined : `node-${selected}`}
        onKeyDown={onKeyDown}
        onWheel={(event) => {
          if (!event.ctrlKey) return;
          event.preventDefault();
          zoomBy(event.deltaY < 0 ? ZOOM_STEP : 1 / ZOOM_STEP);
        }}
      >
        <svg
          class="canvas"
          data-stop={stopKey(stop)}
          width={placed.width * scale}
          height={placed.height * scale}
          viewBox={`0 0 ${placed.width} ${placed.height}`}
        >
          {placed.edges.map((edge) => (
            <GraphEdge key={edge.edge.id} placed={edge} direction={placed.direction} />
          ))}
          {placed.starts.map((start) => (
            <GraphStart key={start.start.node} placed={start} direction={placed.direction} />
          ))}
          {placed.nodes.map((node) => (
            <GraphNode
              key={node.node.id}
              placed={node}
              selected={node.node.row === selected}
              hovered={node.node.row === hovered?.node?.row}
              onHover={(over) => {
                dispatch({
                  kind: "hover",
                  selection: over ? selectNode(stop.snapshot, node.node.row) : null,
                });
              }}
              onSelect={() => {
                dispatch({ kind: "select", selection: selectNode(stop.snapshot, node.node.row) });
              }}
              onOpen={() => {
                const { site } = nodeAt(stop.snapshot, node.node.row);
                if (site !== null) open?.(site);
              }}
            />
          ))}
        </svg>
      </div>
      <div class="zoom" role="toolbar" aria-label="Zoom">
        <span class="flow-note muted">
          gradients flow {placed.direction} <Icon name={placed.direction} />
        </span>
        <IconButton
          icon="plus"
          label="Larger"
          onClick={() => {
            zoomBy(ZOOM_STEP);
          }}
        />
        <IconButton
          icon="minus"
          label="Smaller"
          onClick={() => {
            zoomBy(1 / ZOOM_STEP);
          }}
        />
        <IconButton
          icon="fit"
          label="Fit the whole graph (F)"
          onClick={() => {
            setZoom(null);
          }}
        />
      </div>
    </>
  );
}

/** Scrolls the box alone, as little as will do: ``scrollIntoView`` would move the whole page. */
function bringIntoView(box: Element, element: Element): void {
  const [outer, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  const before = (near: number, far: number): number => Math.max(0, near + VIEW_MARGIN - far);
  box.scrollLeft += before(inner.right, outer.right) - before(outer.left, inner.left);
  box.scrollTop += before(inner.bottom, outer.bottom) - before(outer.top, inner.top);
}

/** The node that an arrow key leads to: along an edge, or to the nearest beside. */
function nodeAfterKey(placed: Placed, selected: number | null, key: string): number | null {
  const here = placed.nodes.find((node) => node.node.row === selected) ?? null;
  const step = directionOf(key);
  if (step === null) return null;
  if (here === null) return placed.nodes.at(-1)?.node.row ?? null;
  const along = placed.direction === "down" ? step.y : step.x;
  if (along !== 0) {
    const [from, to] = along > 0 ? (["from", "to"] as const) : (["to", "from"] as const);
    const reached = placed.edges
      .filter(({ edge }) => edge[from] === here.node.id)
      .map(({ edge }) => edge[to]);
    const linked = placed.nodes.filter((node) => reached.includes(node.node.id));
    if (linked.length > 0) return nearest(here, linked)?.node.row ?? null;
  }
  const ahead = placed.nodes.filter((node) => (node.x - here.x) * step.x + (node.y - here.y) * step.y > 4);
  return nearest(here, ahead)?.node.row ?? null;
}

function directionOf(key: string): { readonly x: number; readonly y: number } | null {
  switch (key) {
    case "ArrowDown":
      return { x: 0, y: 1 };
    case "ArrowUp":
      return { x: 0, y: -1 };
    case "ArrowRight":
      return { x: 1, y: 0 };
    case "ArrowLeft":
      return { x: -1, y: 0 };
    default:
      return null;
  }
}

function nearest(here: PlacedNode, nodes: readonly PlacedNode[]): PlacedNode | null {
  const distance = (node: PlacedNode): number => (node.x - here.x) ** 2 + (node.y - here.y) ** 2;
  return nodes.toSorted((one, other) => distance(one) - distance(other))[0] ?? null;
}

import dagre from "@dagrejs/dagre";

import type { Drawing, DrawnEdge, DrawnNode, DrawnStart } from "./drawing";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The middle of a node. */
export interface PlacedNode extends Point {
  readonly node: DrawnNode;
}

export interface PlacedEdge {
  readonly edge: DrawnEdge;
  readonly points: readonly Point[]; // from the source's border to the target's
  readonly label: Point; // the middle of the label
}

/** The tip of an arrow at which backward starts. */
export interface PlacedStart extends Point {
  readonly start: DrawnStart;
}

/** A drawing with every place decided, its corner at 0, 0. */
export interface Placed {
  readonly direction: Direction;
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly starts: readonly PlacedStart[];
}

export type Direction = "down" | "right";

export interface LayoutRequest {
  readonly drawing: Drawing;
  readonly direction: Direction;
}

const MARGIN = 16;
const START_ROOM = 40; // for the arrow at which backward begins
const START_ROOM_BESIDE = 56; // and for its number, where both stand in one line
export const START_GAP = 10; // from such an arrow to its words
export const RING_ROOM = 24; // for a hook's ring after the words on a line to the right
const HOOK_ROOM = 16; // for the ring and name of a hook below a node
const LABEL_OFFSET = 8;
const PORT_GAP = 28;
const MIRRORED_AT_MOST = 40; // nodes; of more nobody reads the order of operands off the drawing
const ARRANGEMENTS_KEPT = 24;

/** The one interface to whatever lays graphs out. */
export function layout({ drawing, direction }: LayoutRequest): Promise<Placed> {
  return Promise.resolve(place(drawing, direction));
}

function place(drawing: Drawing, direction: Direction): Placed {
  const spread = arrangeOnce(drawing, direction, "r");
  const settled =
    direction === "right" ||
    drawing.nodes.length > MIRRORED_AT_MOST ||
    operandsInOrder(drawing, spread.centres);
  return finish(drawing, direction, settled ? spread : mirrored(arrangeOnce(drawing, direction, "l")));
}

/** What the layout engine decided, in its own coordinates. */
interface Arrangement {
  readonly width: number;
  readonly height: number;
  readonly centres: ReadonlyMap<string, Point>;
  readonly bends: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>;
}

const arranged = new Map<string, Arrangement>();

/**
 * An arrangement, from memory where the same boxes were arranged before: most stops and messages change
 * what nodes say and not where they stand, and the engine takes half a second for a hundred nodes.
 */
function arrangeOnce(drawing: Drawing, direction: Direction, labelSide: "l" | "r"): Arrangement {
  const key = JSON.stringify([
    direction,
    labelSide,
    drawing.density,
    drawing.nodes.map((node) => [node.id, node.width, node.height, node.hooksBelow.length > 0]),
    drawing.edges.map((edge) => [
      edge.id,
      edge.from,
      edge.to,
      edge.labelWidth,
      edge.labelHeight,
      edge.hooks.length > 0,
    ]),
  ]);
  const known = arranged.get(key);
  arranged.delete(key); // what was used last goes last
  const found = known ?? arrange(drawing, direction, labelSide);
  arranged.set(key, found);
  const [oldest] = arranged.keys();
  if (arranged.size > ARRANGEMENTS_KEPT && oldest !== undefined) arranged.delete(oldest);
  return found;
}

function arrange(drawing: Drawing, direction: Direction, labelSide: "l" | "r"): Arrangement {
  const down = direction === "down";
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: down ? "TB" : "LR",
    nodesep: down ? 40 : 20,
    ranksep: drawing.density === "detailed" ? 30 : down ? 24 : 18,
    edgesep: 16,
    marginx: MARGIN,
    marginy: MARGIN,
  });
  for (const node of drawing.nodes) {
    graph.setNode(node.id, {
      width: node.width,
      height: node.height + (node.hooksBelow.length > 0 ? 2 * HOOK_ROOM : 0),
    });
  }
  for (const edge of drawing.edges) {
    graph.setEdge(
      edge.from,
      edge.to,
      {
        width: edge.labelWidth + (down || edge.hooks.length === 0 ? 0 : RING_ROOM),
        height: edge.labelHeight,
        labelpos: down ? labelSide : "c",
        labeloffset: edge.labelWidth > 0 ? LABEL_OFFSET : 0,
        minlen: 1,
      },
      edge.id,
    );
  }
  dagre.layout(graph);
  const centres = new Map(
    drawing.nodes.map((node) => {
      const { x = 0, y = 0 } = graph.node(node.id) as Partial<Point>;
      return [node.id, { x, y }] as const;
    }),
  );
  const bends = new Map(
    drawing.edges.map((edge) => {
      const placed = graph.edge(edge.from, edge.to, edge.id) as Partial<Point> & {
        points?: readonly Point[];
      };
      const { points = [], x = 0, y = 0 } = placed;
      return [edge.id, { points: points.slice(1, -1), label: { x, y } }] as const;
    }),
  );
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height, centres, bends };
}

/** Whether what an operation was made from stands mostly in the order in which the code names it. */
function operandsInOrder(drawing: Drawing, centres: ReadonlyMap<string, Point>): boolean {
  let balance = 0;
  const before = new Map<string, number[]>();
  for (const edge of drawing.edges) {
    const x = centres.get(edge.to)?.x ?? 0;
    const earlier = before.get(edge.from) ?? [];
    balance += earlier.reduce((sum, other) => sum + Math.sign(x - other), 0);
    before.set(edge.from, [...earlier, x]);
  }
  return balance >= 0;
}

function mirrored({ width, height, centres, bends }: Arrangement): Arrangement {
  const flip = ({ x, y }: Point): Point => ({ x: width - x, y });
  return {
    width,
    height,
    centres: new Map([...centres].map(([id, point]) => [id, flip(point)])),
    bends: new Map(
      [...bends].map(([id, { points, label }]) => [id, { points: points.map(flip), label: flip(label) }]),
    ),
  };
}

/** Ports, arrows and room for them around what was arranged. */
function finish(
  drawing: Drawing,
  direction: Direction,
  { width, height, centres, bends }: Arrangement,
): Placed {
  const down = direction === "down";
  const room = drawing.starts.length === 0 ? 0 : down ? START_ROOM : START_ROOM_BESIDE;
  const shift = ({ x, y }: Point): Point => (down ? { x, y: y + room } : { x: x + room, y });
  const nodes = drawing.nodes.map((node) => ({ node, ...shift(centres.get(node.id) ?? { x: 0, y: 0 }) }));
  const bendsOf = (edge: DrawnEdge): readonly Point[] =>
    besideLabel(edge, bends.get(edge.id), down).map(shift);
  const ports = portsOf(nodes, drawing.edges, bendsOf, down);
  const edges = drawing.edges.map((edge): PlacedEdge => {
    const [start, end] = [ports.start.get(edge.id), ports.end.get(edge.id)];
    const points = [start, ...bendsOf(edge), end].filter((point) => point !== undefined);
    return { edge, points, label: shift(bends.get(edge.id)?.label ?? { x: 0, y: 0 }) };
  });
  const starts = drawing.starts.flatMap((start): PlacedStart[] => {
    const placed = nodes.find(({ node }) => node.id === start.node);
    if (placed === undefined) return [];
    const { x, y, node } = placed;
    return [{ start, ...(down ? { x, y: y - node.height / 2 } : { x: x - node.width / 2, y }) }];
  });
  const reach = down ? Math.max(0, ...starts.map(({ x, start }) => x + START_GAP + start.labelWidth)) : 0;
  return {
    direction,
    width: Math.max(width + (down ? 0 : room), reach),
    height: height + (down ? room : 0),
    nodes,
    edges,
    starts,
  };
}

/** An edge's bends, straight for as long as its label stands beside it. */
function besideLabel(
  edge: DrawnEdge,
  bend: { readonly points: readonly Point[]; readonly label: Point } | undefined,
  down: boolean,
): readonly Point[] {
  if (bend === undefined) return [];
  const half = (down ? edge.labelHeight : edge.labelWidth) / 2;
  if (half === 0) return bend.points;
  const beside = ({ x, y }: Point): boolean => Math.abs(down ? y - bend.label.y : x - bend.label.x) < 1;
  const along = ({ x, y }: Point, by: number): Point => (down ? { x, y: y + by } : { x: x + by, y });
  return bend.points.flatMap((point) =>
    beside(point) ? [along(point, -half), along(point, half)] : [point],
  );
}

/** Where edges leave and reach a node: side by side, in the order of where they go or come from. */
function portsOf(
  nodes: readonly PlacedNode[],
  edges: readonly DrawnEdge[],
  bendsOf: (edge: DrawnEdge) => readonly Point[],
  down: boolean,
): { readonly start: ReadonlyMap<string, Point>; readonly end: ReadonlyMap<string, Point> } {
  const byId = new Map(nodes.map((placed) => [placed.node.id, placed]));
  const across = (point: Point): number => (down ? point.x : point.y);
  const start = new Map<string, Point>();
  const end = new Map<string, Point>();
  for (const placed of nodes) {
    const { node } = placed;
    const breadth = down ? node.width : node.height;
    const half = (down ? node.height : node.width) / 2;
    const spread = (
      list: readonly DrawnEdge[],
      toward: (edge: DrawnEdge) => Point | undefined,
      side: 1 | -1,
      into: Map<string, Point>,
    ): void => {
      const gap = Math.min(PORT_GAP, (breadth * 0.7) / Math.max(1, list.length - 1));
      const sorted = list.toSorted(
        (one, other) => across(toward(one) ?? placed) - across(toward(other) ?? placed),
      );
      sorted.forEach((edge, at) => {
        const offset = (at - (sorted.length - 1) / 2) * gap;
        into.set(
          edge.id,
          down
            ? { x: placed.x + offset, y: placed.y + side * half }
            : { x: placed.x + side * half, y: placed.y + offset },
        );
      });
    };
    spread(
      edges.filter((edge) => edge.from === node.id),
      (edge) => bendsOf(edge)[0] ?? byId.get(edge.to),
      1,
      start,
    );
    spread(
      edges.filter((edge) => edge.to === node.id),
      (edge) => bendsOf(edge).at(-1) ?? byId.get(edge.from),
      -1,
      end,
    );
  }
  return { start, end };
}

/** A smooth line through points that leaves and arrives along the direction of the drawing. */
export function pathThrough(points: readonly Point[], direction: Direction): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let from = first;
  let path = `M${round(first.x)} ${round(first.y)}`;
  for (const to of rest) {
    const [one, two] =
      direction === "down"
        ? [
            { x: from.x, y: (from.y + to.y) / 2 },
            { x: to.x, y: (from.y + to.y) / 2 },
          ]
        : [
            { x: (from.x + to.x) / 2, y: from.y },
            { x: (from.x + to.x) / 2, y: to.y },
          ];
    path += `C${round(one.x)} ${round(one.y)} ${round(two.x)} ${round(two.y)} ${round(to.x)} ${round(to.y)}`;
    from = to;
  }
  return path;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

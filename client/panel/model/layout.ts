import dagre from "@dagrejs/dagre";

import type { Drawing, DrawnEdge, DrawnNode } from "./drawing";

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
  readonly node: string;
  readonly number: string | null;
  readonly flowed: boolean;
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
const HOOK_ROOM = 16; // for the ring and name of a hook below a node
const LABEL_OFFSET = 8;
const PORT_GAP = 28;

/** The one interface to whatever lays graphs out. */
export function layout({ drawing, direction }: LayoutRequest): Promise<Placed> {
  return Promise.resolve(place(drawing, direction));
}

function place(drawing: Drawing, direction: Direction): Placed {
  const down = direction === "down";
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: down ? "TB" : "LR",
    nodesep: down ? 32 : 20,
    ranksep: 36,
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
        width: edge.labelWidth,
        height: edge.labelHeight,
        labelpos: down ? "r" : "c",
        labeloffset: edge.labelWidth > 0 ? LABEL_OFFSET : 0,
        minlen: 1,
      },
      edge.id,
    );
  }
  dagre.layout(graph);
  const startRoom = drawing.starts.length > 0 ? START_ROOM : 0;
  const shift = (point: Point): Point =>
    down ? { x: point.x, y: point.y + startRoom } : { x: point.x + 2 * startRoom, y: point.y };
  const centres = new Map(
    drawing.nodes.map((node) => {
      const { x = 0, y = 0 } = graph.node(node.id) as Partial<Point>;
      return [node.id, shift({ x, y })] as const;
    }),
  );
  const nodes = drawing.nodes.map((node) => ({ node, ...(centres.get(node.id) ?? { x: 0, y: 0 }) }));
  const bends = new Map(
    drawing.edges.map((edge) => {
      const {
        points = [],
        x = 0,
        y = 0,
      } = graph.edge(edge.from, edge.to, edge.id) as {
        points?: readonly Point[];
        x?: number;
        y?: number;
      };
      return [edge.id, { points: points.slice(1, -1).map(shift), label: shift({ x, y }) }] as const;
    }),
  );
  const ports = portsOf(nodes, drawing.edges, (id) => bends.get(id)?.points ?? [], down);
  const edges = drawing.edges.map((edge): PlacedEdge => {
    const bend = bends.get(edge.id);
    const [start, end] = [ports.start.get(edge.id), ports.end.get(edge.id)];
    const points = [start, ...(bend?.points ?? []), end].filter((point) => point !== undefined);
    return { edge, points, label: bend?.label ?? { x: 0, y: 0 } };
  });
  const starts = drawing.starts.flatMap((start): PlacedStart[] => {
    const placed = nodes.find(({ node }) => node.id === start.node);
    if (placed === undefined) return [];
    const { x, y, node } = placed;
    return [{ ...start, ...(down ? { x, y: y - node.height / 2 } : { x: x - node.width / 2, y }) }];
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    direction,
    width: width + (down ? 0 : 2 * startRoom),
    height: height + (down ? startRoom : 0),
    nodes,
    edges,
    starts,
  };
}

/** Where edges leave and reach a node: side by side, in the order of where they go or come from. */
function portsOf(
  nodes: readonly PlacedNode[],
  edges: readonly DrawnEdge[],
  bendsOf: (edge: string) => readonly Point[],
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
      (edge) => bendsOf(edge.id)[0] ?? byId.get(edge.to),
      1,
      start,
    );
    spread(
      edges.filter((edge) => edge.to === node.id),
      (edge) => bendsOf(edge.id).at(-1) ?? byId.get(edge.from),
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

import type { JSX } from "preact";

import {
  pathThrough,
  RING_ROOM,
  START_GAP,
  type Direction,
  type PlacedEdge,
  type PlacedStart,
} from "../model/layout";

const ARROW_LENGTH = 9;
const ARROW_HALF = 4.5;
const HOOK_GAP = 20; // from the node's border to the middle of the ring

export function GraphEdge({
  placed,
  direction,
}: {
  readonly placed: PlacedEdge;
  readonly direction: Direction;
}): JSX.Element | null {
  const { edge, points, label } = placed;
  const tip = points.at(-1);
  if (tip === undefined) return null;
  const down = direction === "down";
  const hooked = edge.hooks.length > 0;
  const end = down ? { x: tip.x, y: tip.y - ARROW_LENGTH } : { x: tip.x - ARROW_LENGTH, y: tip.y };
  const ring = down ? { x: tip.x, y: tip.y - HOOK_GAP } : { x: tip.x - HOOK_GAP, y: tip.y };
  const textAt = down ? label.x - edge.labelWidth / 2 + 4 : label.x - (hooked ? RING_ROOM / 2 : 0);
  const anchor = down ? "start" : "middle";
  // beside a line that goes down; above and below one that goes to the right
  const firstLine = down ? label.y - edge.labelHeight / 2 + 12 : label.y - 7;
  const hookLine = down ? firstLine + (edge.number === null ? 0 : 16) : label.y + 15;
  return (
    <g class={`edge ${edge.state}${edge.first ? " first" : ""}`}>
      <path class="line" d={pathThrough([...points.slice(0, -1), end], direction)} />
      <path class="arrow" d={arrowAt(tip, direction)} />
      {hooked && (
        <g class="hook">
          <circle class="hook-ring" cx={ring.x} cy={ring.y} r="7" />
          <circle class="hook-dot" cx={ring.x} cy={ring.y} r="2.2" />
        </g>
      )}
      {edge.number !== null && (
        <text class="edge-text" x={textAt} y={firstLine} text-anchor={anchor}>
          <tspan class="edge-number">{edge.number}</tspan>
          {edge.slope !== null && (
            <tspan class="edge-slope" dx="6">
              {edge.slope}
            </tspan>
          )}
        </text>
      )}
      {edge.hooks.map((hook, place) => (
        <text key={hook.text} class="hook-text" x={textAt} y={hookLine + place * 16} text-anchor={anchor}>
          {hook.text}
        </text>
      ))}
    </g>
  );
}

/** The arrow at which a backward begins, or would. */
export function GraphStart({
  placed,
  direction,
}: {
  readonly placed: PlacedStart;
  readonly direction: Direction;
}): JSX.Element {
  const { x, y, start } = placed;
  const down = direction === "down";
  const length = 26;
  const from = down ? { x, y: y - length } : { x: x - length, y };
  const end = down ? { x, y: y - ARROW_LENGTH } : { x: x - ARROW_LENGTH, y };
  const textAt = down ? { x: x + START_GAP, y: y - length / 2 + 3 } : { x: x - length - 4, y: y + 4 };
  return (
    <g class={start.flowed ? "edge flowed" : "edge still"}>
      <path class="line" d={`M${from.x} ${from.y}L${end.x} ${end.y}`} />
      <path class="arrow" d={arrowAt(placed, direction)} />
      <text class="edge-text" x={textAt.x} y={textAt.y} text-anchor={down ? "start" : "end"}>
        {start.number !== null && <tspan class="edge-number">{start.number}</tspan>}
        {down && (
          <tspan class="edge-slope" dx={start.number === null ? 0 : 8}>
            {start.text}
          </tspan>
        )}
      </text>
      <title>{start.text}</title>
    </g>
  );
}

function arrowAt(tip: { readonly x: number; readonly y: number }, direction: Direction): string {
  const { x, y } = tip;
  return direction === "down"
    ? `M${x} ${y}L${x - ARROW_HALF} ${y - ARROW_LENGTH}L${x + ARROW_HALF} ${y - ARROW_LENGTH}Z`
    : `M${x} ${y}L${x - ARROW_LENGTH} ${y - ARROW_HALF}L${x - ARROW_LENGTH} ${y + ARROW_HALF}Z`;
}

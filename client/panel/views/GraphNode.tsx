import type { JSX } from "preact";

import type { PlacedNode } from "../model/layout";

const CORNER = 3;
const SELECTION_GAP = 3;

export function GraphNode({
  placed,
  selected,
  hovered,
  onSelect,
  onOpen,
  onHover,
}: {
  readonly placed: PlacedNode;
  readonly selected: boolean;
  readonly hovered: boolean;
  readonly onSelect: () => void;
  readonly onOpen: () => void;
  readonly onHover: (over: boolean) => void;
}): JSX.Element {
  const { node, x, y } = placed;
  const { width, height } = node;
  const left = x - width / 2;
  const top = y - height / 2;
  const corner = node.leaf ? height / 2 : CORNER;
  const classes = ["node", node.leaf ? "leaf" : node.state, `tone-${node.tone}`];
  if (selected) classes.push("selected");
  if (hovered) classes.push("hovered");
  if (node.broken) classes.push("broken");
  return (
    <g
      id={`node-${node.row}`}
      class={classes.join(" ")}
      role="option"
      aria-selected={selected}
      aria-label={node.label}
      onClick={onSelect}
      onDblClick={onOpen}
      onMouseEnter={() => {
        onHover(true);
      }}
      onMouseLeave={() => {
        onHover(false);
      }}
    >
      <title>{node.label}</title>
      <rect
        class="ring"
        x={left - SELECTION_GAP}
        y={top - SELECTION_GAP}
        width={width + 2 * SELECTION_GAP}
        height={height + 2 * SELECTION_GAP}
        rx={corner + SELECTION_GAP}
      />
      <rect class="box" x={left} y={top} width={width} height={height} rx={corner} />
      {node.nameWidth > 0 ? (
        <DetailedText placed={placed} left={left} top={top} />
      ) : (
        <CompactText placed={placed} top={top} />
      )}
      {node.hooksBelow.map((hook) => (
        <g key={hook.text} class="hook">
          <circle class="hook-ring" cx={x} cy={top + height + 8} r="6" />
          <circle class="hook-dot" cx={x} cy={top + height + 8} r="2" />
          <text class="hook-text" x={x + 12} y={top + height + 12}>
            {hook.text}
          </text>
        </g>
      ))}
    </g>
  );
}

function DetailedText({
  placed: { node },
  left,
  top,
}: {
  readonly placed: PlacedNode;
  readonly left: number;
  readonly top: number;
}): JSX.Element {
  const divider = left + node.nameWidth;
  const nameAt = left + node.nameWidth / 2;
  const textAt = divider + 12;
  const hasValue = node.value !== "";
  return (
    <>
      <line class="divider" x1={divider} x2={divider} y1={top} y2={top + node.height} />
      <text
        class={node.name === null ? "unnamed" : "name"}
        x={nameAt}
        y={top + (hasValue ? 18 : 26)}
        text-anchor="middle"
      >
        {node.name ?? "unnamed"}
      </text>
      {hasValue && (
        <text class="value" x={nameAt} y={top + 35} text-anchor="middle">
          {node.value}
        </text>
      )}
      <text class="title" x={textAt} y={top + 18}>
        {node.title}
      </text>
      <text class="detail" x={textAt} y={top + 35}>
        {node.detail}
      </text>
    </>
  );
}

function CompactText({
  placed: { node, x },
  top,
}: {
  readonly placed: PlacedNode;
  readonly top: number;
}): JSX.Element {
  if (node.name === null) {
    return (
      <text class="title" x={x} y={top + 17} text-anchor="middle">
        {node.title}
      </text>
    );
  }
  return (
    <>
      <text x={x} y={top + 18} text-anchor="middle">
        <tspan class="name">{node.name}</tspan>
        {node.value !== "" && (
          <tspan class="value" dx="7">
            {node.value}
          </tspan>
        )}
      </text>
      <text class="title" x={x} y={top + 35} text-anchor="middle">
        {node.title}
      </text>
    </>
  );
}

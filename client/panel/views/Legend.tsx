import type { JSX } from "preact";

import type { Placed } from "../model/layout";

/** What the marks mean that this drawing has; no more. */
export function Legend({ placed }: { readonly placed: Placed }): JSX.Element {
  const has = (test: (placed: Placed["nodes"][number]) => boolean): boolean => placed.nodes.some(test);
  const operation = (state: string): boolean => has(({ node }) => !node.leaf && node.state === state);
  const hooked =
    placed.edges.some(({ edge }) => edge.hooks.length > 0) || has(({ node }) => node.hooksBelow.length > 0);
  const flowed = placed.edges.some(({ edge }) => edge.state === "flowed" || edge.state === "broken");
  const previewed = placed.edges.some(({ edge }) => edge.state === "previewed");
  const scalar = placed.edges.some(({ edge }) => edge.slope !== null);
  return (
    <ul class="legend" aria-label="What the marks mean">
      {operation("alive") && <Item mark="alive">keeps saved tensors</Item>}
      {operation("saves_nothing") && <Item mark="saves_nothing">keeps nothing</Item>}
      {operation("freed") && <Item mark="freed">freed by backward</Item>}
      {hooked && <Item mark="hook">your hook</Item>}
      {flowed && <Item mark="flow">{scalar ? "gradient = what came in × slope" : "gradient"}</Item>}
      {previewed && <Item mark="preview">gradient previewed, accumulated nowhere</Item>}
      {has(({ node }) => node.leaf) && <Item mark="leaf">leaf</Item>}
    </ul>
  );
}

function Item({ mark, children }: { readonly mark: string; readonly children: string }): JSX.Element {
  return (
    <li>
      <svg class="legend-mark" width="24" height="14" aria-hidden="true">
        {mark === "hook" ? (
          <g class="hook">
            <circle class="hook-ring" cx="12" cy="7" r="6" />
            <circle class="hook-dot" cx="12" cy="7" r="2" />
          </g>
        ) : mark === "flow" || mark === "preview" ? (
          <g class={mark === "flow" ? "edge flowed" : "edge previewed"}>
            <path class="line" d="M1 7H15" />
            <path class="arrow" d="M23 7L14 2.5V11.5Z" />
          </g>
        ) : (
          <g class={mark === "leaf" ? "node leaf tone-leaf" : `node ${mark}`}>
            <rect class="box" x="1" y="1" width="22" height="12" rx={mark === "leaf" ? 6 : 2} />
          </g>
        )}
      </svg>
      {children}
    </li>
  );
}

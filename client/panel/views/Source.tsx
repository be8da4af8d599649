import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import { fileName } from "../model/format";
import type { Looked } from "../model/selection";

/** The lines around the stop, for a page that has no editor beside it. */
export function Source({
  stop,
  looked,
}: {
  readonly stop: PanelStop;
  readonly looked: Looked | null;
}): JSX.Element | null {
  const { source, snapshot } = stop;
  if (source.lines.length === 0)
    return <p class="muted empty-list">The source of {fileName(source.path)} is not at hand here.</p>;
  const lit = looked?.node?.site?.path === source.path ? looked.node.site.line : null;
  return (
    <ol class="source" aria-label={`Source of ${fileName(source.path)}`}>
      {source.lines.map((text, place) => {
        const line = source.first_line + place;
        const classes = [line === snapshot.site.line ? "next-line" : "", line === lit ? "lit" : ""].join(" ");
        return (
          <li
            key={line}
            class={classes}
            {...(line === snapshot.site.line ? { "aria-current": "step" as const } : {})}
          >
            <span class="line-number">{line}</span>
            <code>{text === "" ? " " : text}</code>
          </li>
        );
      })}
    </ol>
  );
}

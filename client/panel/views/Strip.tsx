import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

import type { NodeState, PanelStop } from "../../protocol/wire";
import { formatBytes, plural } from "../model/format";
import { stopKey, type SessionRecord } from "../model/state";
import { stripOf, type StripItem } from "../model/strip";
import { useActions } from "./context";

const BAR_HEIGHT = 24;
const BAR_LEAST = 3;

/** The stops as the code that just ran. */
export function StopStrip({
  record,
  shown,
  dots,
}: {
  readonly record: SessionRecord;
  readonly shown: PanelStop | null;
  readonly dots: number; // the most that there is room for
}): JSX.Element {
  const { dispatch } = useActions();
  const current = shown === null ? null : stopKey(shown);
  return (
    <nav class="strip" aria-label="Stops">
      {stripOf(record).map((item) => (
        <button
          key={item.key}
          type="button"
          class={item.key === current ? "stop current" : "stop"}
          aria-current={item.key === current ? "step" : undefined}
          aria-label={labelOf(item)}
          title={labelOf(item)}
          onClick={() => {
            dispatch({ kind: "choose_stop", stop: item.key });
          }}
        >
          <span class="stop-code">
            {item.code === "" ? <span class="muted">{startText(item)}</span> : <code>{item.code}</code>}
            {item.more > 0 && <span class="muted"> +{item.more}</span>}
            <span class="stop-number">{item.serial}</span>
          </span>
          <span class="stop-note">
            {item.operations <= dots && <Dots states={item.dots} />}
            <span>{item.note}</span>
          </span>
        </button>
      ))}
    </nav>
  );
}

/** Of a stop before which it is not known what ran. */
function startText({ site }: StripItem): string {
  return site.function === "<module>" ? `before line ${site.line}` : `in ${site.function}()`;
}

function Dots({ states }: { readonly states: readonly NodeState[] }): JSX.Element | null {
  if (states.length === 0) return null;
  return (
    <svg class="dots" width={states.length * 13} height="12" aria-hidden="true">
      {states.map((state, place) => (
        <circle key={place} class={`dot ${state}`} cx={place * 13 + 6} cy="6" r="4.5" />
      ))}
    </svg>
  );
}

/** The stops as bars, where they are many or space is short: the height is what is kept. */
export function StopBars({
  record,
  shown,
}: {
  readonly record: SessionRecord;
  readonly shown: PanelStop | null;
}): JSX.Element {
  const { dispatch } = useActions();
  const items = stripOf(record);
  const current = shown === null ? null : stopKey(shown);
  const most = Math.max(1, ...items.map((item) => item.operations));
  const bars = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const row = bars.current;
    const bar = row?.querySelector<HTMLElement>("[aria-current]");
    if (row != null && bar != null) row.scrollLeft = bar.offsetLeft - row.offsetLeft - row.clientWidth / 2;
  }, [current, items.length]);
  const place = items.findIndex((item) => item.key === current);
  return (
    <nav class="bars" aria-label="Stops">
      <div class="bars-row" ref={bars}>
        {items.map((item) => (
          <button
            key={item.key}
            type="button"
            class="bar-button"
            tabIndex={item.key === current ? 0 : -1}
            aria-current={item.key === current ? "step" : undefined}
            aria-label={labelOf(item)}
            title={labelOf(item)}
            onClick={() => {
              dispatch({ kind: "choose_stop", stop: item.key });
            }}
          >
            <span
              class="bar-fill"
              style={{ height: `${Math.max(BAR_LEAST, (item.operations / most) * BAR_HEIGHT)}px` }}
            />
          </button>
        ))}
      </div>
      <span class="muted bars-label">{`stop ${place + 1} of ${items.length}`}</span>
    </nav>
  );
}

function labelOf(item: StripItem): string {
  const kept = item.keptBytes > 0 ? `, ${formatBytes(item.keptBytes)} kept` : "";
  const ran = item.code === "" ? `line ${item.site.line} is next` : item.code;
  return `Stop ${item.serial}: ${ran}; ${item.note}, ${plural(item.operations, "operation")}${kept}`;
}

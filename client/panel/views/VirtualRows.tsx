import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { rowAfterKey } from "./keys";

export const ROW_HEIGHT = 22;
const OVERSCAN = 10;
const FIRST_WINDOW = 40; // rows drawn before the height is known

/** Rows of one height, of which only those in sight are in the page. */
export function VirtualRows({
  count,
  current,
  label,
  rowId,
  render,
  sticky,
  onWalk,
  onEnter,
  class: className,
}: {
  readonly count: number;
  readonly current: number; // -1 for none
  readonly label: string;
  readonly rowId: string;
  readonly render: (place: number) => ComponentChildren;
  /** What stands over the rows when this one is the uppermost in sight. */
  readonly sticky: (first: number) => ComponentChildren;
  readonly onWalk: (place: number) => void;
  readonly onEnter: () => void;
  readonly class: string;
}): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState({ top: 0, height: FIRST_WINDOW * ROW_HEIGHT });

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const look = (): void => {
      setSeen({ top: element.scrollTop, height: element.clientHeight });
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);

  useEffect(() => {
    const element = scroller.current;
    if (element === null || current < 0) return;
    const top = current * ROW_HEIGHT;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW_HEIGHT > element.scrollTop + element.clientHeight) {
      element.scrollTop = top + ROW_HEIGHT - element.clientHeight;
    }
  }, [current, count]);

  const first = Math.max(0, Math.floor(seen.top / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(count, Math.ceil((seen.top + seen.height) / ROW_HEIGHT) + OVERSCAN);
  return (
    <div
      ref={scroller}
      class={`virtual ${className}`}
      role="grid"
      aria-label={label}
      aria-rowcount={count}
      aria-activedescendant={current >= first && current < last ? `${rowId}-${current}` : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        if (event.key === "Enter") {
          onEnter();
          return;
        }
        const page = Math.max(1, Math.floor(seen.height / ROW_HEIGHT) - 1);
        const target = rowAfterKey(event.key, current, count, page);
        if (target === null) return;
        event.preventDefault();
        onWalk(target);
      }}
    >
      <div class="virtual-sticky" role="presentation">
        {sticky(Math.floor(seen.top / ROW_HEIGHT))}
      </div>
      <div class="virtual-all" role="presentation" style={{ height: `${count * ROW_HEIGHT}px` }}>
        <div
          class="virtual-window"
          role="presentation"
          style={{ transform: `translateY(${first * ROW_HEIGHT}px)` }}
        >
          {Array.from({ length: Math.max(0, last - first) }, (_, at) => render(first + at))}
        </div>
      </div>
    </div>
  );
}

import type { JSX } from "preact";

const PATHS = {
  continue: "M2.5 2.5v11M6 3l7 5-7 5z",
  step: "M2 7.5a6 6 0 0 1 11.4-1.6M13.8 2.2v4h-4M8 11.2a1.7 1.7 0 1 0 .01 0z",
  stepIn: "M8 1.5v6.8M4.9 5.4 8 8.5l3.1-3.1M8 11.2a1.7 1.7 0 1 0 .01 0z",
  stepOut: "M8 8.8V2M4.9 5 8 1.9 11.1 5M8 11.2a1.7 1.7 0 1 0 .01 0z",
  pause: "M5 3v10M11 3v10",
  stop: "M3.5 3.5h9v9h-9z",
  down: "M8 2.5v11M4 9.5l4 4 4-4",
  right: "M2.5 8h11M9.5 4l4 4-4 4",
  open: "M3.5 6 8 10.5 12.5 6",
  folded: "M6 3.5 10.5 8 6 12.5",
  info: "M8 1.7a6.3 6.3 0 1 0 .01 0zM8 7.2v4M8 4.6v.9",
  warning: "M8 2 14.5 13.5h-13zM8 6.4v3.6M8 11.4v.6",
  error: "M8 1.7a6.3 6.3 0 1 0 .01 0zM5.7 5.7l4.6 4.6M10.3 5.7l-4.6 4.6",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  close: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

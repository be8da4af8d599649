import { Fragment, type ComponentChildren, type JSX } from "preact";
import { useId, useState } from "preact/hooks";

import type { Site } from "../../protocol/wire";
import { formatSite } from "../model/format";
import { markCode } from "../model/code";
import { useActions } from "./context";
import { Icon, type IconName } from "./icons";

/** A place in the code: a link where an editor can show it. */
export function Place({
  site,
  here,
  label,
}: {
  readonly site: Site;
  readonly here: string | null;
  readonly label?: string;
}): JSX.Element {
  const { open } = useActions();
  const text = label ?? formatSite(site, here);
  const title = `${site.path}:${site.line} in ${site.function}`;
  if (open === null) {
    return (
      <span class="place" title={title}>
        {text}
      </span>
    );
  }
  return (
    <button
      type="button"
      class="place link"
      title={title}
      onClick={(event) => {
        event.stopPropagation();
        open(site);
      }}
    >
      {text}
    </button>
  );
}

/** A sentence in which what is code looks like code, and one known place is a link. */
export function Sentence({
  text,
  names,
  site = null,
}: {
  readonly text: string;
  readonly names: ReadonlySet<string>;
  readonly site?: Site | null;
}): JSX.Element {
  const words = site === null ? "" : formatSite(site, null);
  const [before = "", ...after] = words === "" ? [text] : text.split(words);
  return (
    <>
      <Marked text={before} names={names} />
      {site !== null &&
        after.map((rest, place) => (
          <Fragment key={place}>
            <Place site={site} here={null} />
            <Marked text={rest} names={names} />
          </Fragment>
        ))}
    </>
  );
}

function Marked({
  text,
  names,
}: {
  readonly text: string;
  readonly names: ReadonlySet<string>;
}): JSX.Element {
  return (
    <>
      {markCode(text, names).map((part, place) =>
        part.code ? <code key={place}>{part.text}</code> : <Fragment key={place}>{part.text}</Fragment>,
      )}
    </>
  );
}

/** A part of a column with a header that folds it. */
export function Section({
  title,
  count,
  note,
  children,
  id,
}: {
  readonly title: string;
  readonly count?: number | undefined;
  readonly note?: string | undefined;
  readonly children: ComponentChildren;
  readonly id: string;
}): JSX.Element {
  const [open, setOpen] = useState(true);
  const body = useId();
  return (
    <section class={`section section-${id}`}>
      <h2>
        <button
          type="button"
          aria-expanded={open}
          aria-controls={body}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <Icon name={open ? "open" : "folded"} />
          <span>{title}</span>
          {count !== undefined && <span class="badge">{count}</span>}
          {note !== undefined && <span class="muted note-end">{note}</span>}
        </button>
      </h2>
      {open && <div id={body}>{children}</div>}
    </section>
  );
}

export function IconButton({
  icon,
  label,
  text,
  onClick,
  disabled = false,
}: {
  readonly icon: IconName;
  readonly label: string;
  readonly text?: string;
  readonly onClick: () => void;
  readonly disabled?: boolean;
}): JSX.Element {
  return (
    <button
      type="button"
      class="button"
      title={label}
      aria-label={label}
      disabled={disabled}
      onClick={onClick}
    >
      <Icon name={icon} />
      {text !== undefined && <span>{text}</span>}
    </button>
  );
}

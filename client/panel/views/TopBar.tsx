import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import { fileName, shorten } from "../model/format";
import { shownSession, stopKey, type Model, type SessionRecord } from "../model/state";
import { useActions } from "./context";
import { IconButton, Place } from "./parts";
import { StopBars } from "./Strip";

const LABEL_LENGTH = 48;

export function TopBar({
  model,
  stop,
  narrow,
  bars,
  labels,
}: {
  readonly model: Model;
  readonly stop: PanelStop | null;
  readonly narrow: boolean;
  readonly bars: boolean;
  readonly labels: boolean; // on the buttons
}): JSX.Element {
  const record = shownSession(model);
  return (
    <header class="top">
      <h1 class="brand">tapelens</h1>
      {record !== null && <SessionPicker sessions={model.sessions} shown={record} />}
      {record !== null && <Whereabouts record={record} stop={stop} narrow={narrow} />}
      {bars && record !== null && record.stops.length > 0 && <StopBars record={record} shown={stop} />}
      <span class="spacer" />
      {record?.info.controls === true && <Controls record={record} labels={labels} />}
    </header>
  );
}

function SessionPicker({
  sessions,
  shown,
}: {
  readonly sessions: readonly SessionRecord[];
  readonly shown: SessionRecord;
}): JSX.Element {
  const { dispatch } = useActions();
  if (sessions.length === 1) return <span class="chip outline session">{labelOf(shown)}</span>;
  return (
    <select
      class="session"
      aria-label="Debug session"
      value={shown.info.session}
      onChange={(event) => {
        dispatch({ kind: "choose_session", session: event.currentTarget.value });
      }}
    >
      {sessions.map((record) => (
        <option key={record.info.session} value={record.info.session}>
          {`${labelOf(record)}${record.info.state === "ended" ? " (ended)" : ""}`}
        </option>
      ))}
    </select>
  );
}

function labelOf({ info }: SessionRecord): string {
  const rank = info.process?.rank ?? null;
  const label = shorten(info.label === "" ? "program" : info.label, LABEL_LENGTH);
  return rank === null ? label : `${label} · rank ${rank}`;
}

/** Where the program stands, in one line. */
function Whereabouts({
  record,
  stop,
  narrow,
}: {
  readonly record: SessionRecord;
  readonly stop: PanelStop | null;
  readonly narrow: boolean;
}): JSX.Element {
  const newest = record.stops.at(-1);
  const lookingBack = stop !== null && newest !== undefined && stopKey(stop) !== stopKey(newest);
  if (record.info.state === "stopped" || lookingBack) {
    if (stop === null) return <span class="where">stopped</span>;
    const { site } = stop.snapshot;
    const label =
      fileName(site.path) === record.info.label ? `line ${site.line}` : `${fileName(site.path)}:${site.line}`;
    return (
      <span class="where">
        {!narrow && <span class="muted">{lookingBack ? "looking back at " : `${pausedBy(stop)} `}</span>}
        <Place site={site} here={site.path} label={label} />
        {site.function !== "<module>" && <span class="muted"> in {shorten(site.function, 40)}()</span>}
        {lookingBack && <span class="muted"> (stop {stop.snapshot.stop})</span>}
      </span>
    );
  }
  return <span class="where muted">{record.info.state}</span>;
}

function pausedBy(stop: PanelStop): string {
  const isRule = /^[a-z]+(-[a-z]+)+$/.test(stop.reason);
  return isRule ? `paused by ${stop.reason} before` : "stopped at";
}

function Controls({
  record,
  labels,
}: {
  readonly record: SessionRecord;
  readonly labels: boolean;
}): JSX.Element | null {
  const { control } = useActions();
  const { session, state } = record.info;
  if (state === "ended") return null;
  if (state !== "stopped") {
    return (
      <div class="controls">
        <IconButton
          icon="pause"
          label="Pause the program"
          {...(labels ? { text: "Pause" } : {})}
          disabled={state !== "running"}
          onClick={() => {
            control(session, "pause");
          }}
        />
      </div>
    );
  }
  return (
    <div class="controls" role="toolbar" aria-label="Program">
      <IconButton
        icon="continue"
        label="Continue to the next breakpoint"
        {...(labels ? { text: "Continue" } : {})}
        onClick={() => {
          control(session, "continue");
        }}
      />
      <IconButton
        icon="step"
        label="Step: run this line"
        {...(labels ? { text: "Step" } : {})}
        onClick={() => {
          control(session, "next");
        }}
      />
      <IconButton
        icon="stepIn"
        label="Step into the call"
        onClick={() => {
          control(session, "step_in");
        }}
      />
      <IconButton
        icon="stepOut"
        label="Step out of the function"
        onClick={() => {
          control(session, "step_out");
        }}
      />
      <IconButton
        icon="stop"
        label="Stop the program"
        onClick={() => {
          control(session, "stop");
        }}
      />
    </div>
  );
}

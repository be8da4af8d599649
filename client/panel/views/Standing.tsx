import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";

import { shownSession, type Connection, type Model, type SessionRecord } from "../model/state";
import { useActions } from "./context";
import { Icon } from "./icons";

/** One sentence for the whole page where there is nothing to draw; null where there is. */
export function standingOf(model: Model): JSX.Element | null {
  const { connection } = model;
  const record = shownSession(model);
  if (connection.kind === "refused") {
    return <Blank title="The server will not speak with this page">{connection.reason}</Blank>;
  }
  if (record === null) {
    if (connection.kind === "open") return <NoSession />;
    return connection.kind === "lost" ? null : (
      <Blank title="Connecting…">Waiting for tapelens' server.</Blank>
    );
  }
  return record.stops.length > 0 ? null : withoutStops(record);
}

function withoutStops(record: SessionRecord): JSX.Element {
  const { state, torch, torch_version: version, problem } = record.info;
  if (torch === "too_old") {
    return (
      <Blank title={`This program's PyTorch${version === null ? "" : ` (${version})`} is too old`}>
        {problem ?? "tapelens shows graphs of PyTorch 2.4.1 and later. Debugging itself goes on as ever."}
      </Blank>
    );
  }
  if (torch === "switched_off") {
    return (
      <Blank title="tapelens is switched off for this program">
        {problem ?? "Switch it on again in its settings or its environment."}
      </Blank>
    );
  }
  if (state === "ended") {
    return (
      <Blank title="The program has ended">
        {problem ?? "It never stopped, so there is no graph to show. Set a breakpoint and run it again."}
      </Blank>
    );
  }
  if (problem !== null) return <Blank title="Something went wrong">{problem}</Blank>;
  if (state === "stopped") {
    return torch === "not_imported" || torch === null ? (
      <Blank title="No PyTorch here yet">
        The program has not imported torch. As soon as it has, each stop shows its tensors and their graph.
      </Blank>
    ) : (
      <Blank title="Reading the tensors…">The program has stopped; its snapshot is on the way.</Blank>
    );
  }
  if (state === "starting")
    return <Blank title="The program is starting…">Its first stop shows the graph behind its tensors.</Blank>;
  return (
    <Blank title="The program is running">
      {torch === "not_imported"
        ? "It has not imported torch so far. Tensors are shown where it stops at a breakpoint."
        : "Its graph is shown where it stops: set a breakpoint, or pause it."}
    </Blank>
  );
}

function NoSession(): JSX.Element {
  const { open } = useActions();
  return (
    <Blank title="No program is being debugged">
      {open === null ? (
        <>
          Start one with <code>tapelens run --panel --break train.py:41 train.py</code>. At each stop its
          autograd graph stands here.
        </>
      ) : (
        <>
          Set a breakpoint in a PyTorch program and press <kbd>F5</kbd>. At each stop its autograd graph
          stands here.
        </>
      )}
    </Blank>
  );
}

function Blank({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="blank" role="status">
      <p class="blank-title">{title}</p>
      <p>{children}</p>
    </div>
  );
}

/** Nothing is awaited any more: the programs have ended, and their server with them. */
function isOver(model: Model): boolean {
  return (
    model.connection.kind !== "open" &&
    model.sessions.length > 0 &&
    model.sessions.every((record) => record.info.state === "ended")
  );
}

/** A line above all else: a lost connection, or what a button could not do. */
export function Banner({ model }: { readonly model: Model }): JSX.Element | null {
  const { dispatch } = useActions();
  if (isOver(model)) return null; // the session's line says it
  if (model.connection.kind === "lost") return <Lost connection={model.connection} />;
  if (model.connection.kind === "connecting" && model.sessions.length > 0) {
    return (
      <div class="banner" role="status">
        <Icon name="warning" />
        <span>Connecting again…</span>
      </div>
    );
  }
  if (model.notice === null) return null;
  return (
    <div class="banner" role="alert">
      <Icon name="info" />
      <span>{model.notice}</span>
      <button
        type="button"
        class="button"
        aria-label="Dismiss"
        onClick={() => {
          dispatch({ kind: "dismiss_notice" });
        }}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}

function Lost({ connection }: { readonly connection: Extract<Connection, { kind: "lost" }> }): JSX.Element {
  const { retry } = useActions();
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
    }, 500);
    return () => {
      clearInterval(timer);
    };
  }, []);
  const seconds = Math.max(1, Math.ceil((connection.retryAtMs - now) / 1000));
  return (
    <div class="banner" role="status">
      <Icon name="warning" />
      <span>The connection to tapelens is lost; its server may have ended. Trying again in {seconds} s.</span>
      <button type="button" class="button" onClick={retry}>
        Try now
      </button>
    </div>
  );
}

/** What to know of a session whose last stop is still shown. */
export function SessionLine({
  model,
  record,
}: {
  readonly model: Model;
  readonly record: SessionRecord;
}): JSX.Element | null {
  const { problem } = record.info;
  const text = problem ?? standingText(model, record);
  return text === null ? null : (
    <div class="banner session-line" role="status">
      {problem !== null && <Icon name="warning" />}
      <span>{text}</span>
    </div>
  );
}

function standingText(model: Model, { info: { state } }: SessionRecord): string | null {
  if (state === "running") return "Running. Below is the last stop.";
  if (state !== "ended") return null;
  return isOver(model)
    ? "The program has ended, and tapelens with it. Below is its last stop."
    : "The program has ended. Below is its last stop.";
}

import {
  WIRE_VERSION,
  type Finding,
  type Gradients,
  type PanelSession,
  type PanelStop,
  type Previewed,
  type ToPanel,
  type Uncaught,
  type Welcome,
} from "../../protocol/wire";

export const STOPS_KEPT = 200; // as many as the server keeps

export type Connection =
  | { readonly kind: "connecting" }
  | { readonly kind: "open"; readonly version: string }
  | { readonly kind: "lost"; readonly retryAtMs: number }
  | { readonly kind: "refused"; readonly reason: string };

/** One debug session and all that it has told. */
export interface SessionRecord {
  readonly info: PanelSession;
  readonly stops: readonly PanelStop[];
  readonly gradients: readonly Gradients[];
  readonly nonfinite: Readonly<Record<number, string>>; // who made a gradient not finite, by serial of the backward
  readonly previews: readonly Previewed[]; // one a stop, each with numbers
  readonly findings: readonly Finding[];
  readonly uncaught: Uncaught | null;
}

const VIEWS = ["graph", "tape", "tensors", "memory", "source"] as const;

export type View = (typeof VIEWS)[number];

/** What is looked at, named so that it is found again at another stop. */
export interface Selection {
  readonly node: number | null; // the node's key
  readonly tensor: string | null; // the tensor's first name
}

export interface Model {
  readonly connection: Connection;
  readonly sessions: readonly SessionRecord[];
  readonly chosenSession: string | null; // null: the one that stopped last
  readonly latestSession: string | null;
  readonly chosenStop: string | null; // null: the newest
  readonly view: View;
  readonly selection: Selection | null;
  readonly hovered: Selection | null;
  readonly folded: ReadonlySet<string>;
  readonly notice: string | null;
}

/** What a person does to the panel, and what befalls its connection. */
export type Intent =
  | { readonly kind: "connecting" }
  | { readonly kind: "disconnected"; readonly retryAtMs: number }
  | { readonly kind: "choose_session"; readonly session: string }
  | { readonly kind: "choose_stop"; readonly stop: string }
  | { readonly kind: "walk_stops"; readonly by: 1 | -1 }
  | { readonly kind: "select"; readonly selection: Selection | null }
  | { readonly kind: "hover"; readonly selection: Selection | null }
  | { readonly kind: "show"; readonly view: View }
  | { readonly kind: "fold"; readonly group: string }
  | { readonly kind: "dismiss_notice" };

export type Message = ToPanel | Intent;

export const START: Model = {
  connection: { kind: "connecting" },
  sessions: [],
  chosenSession: null,
  latestSession: null,
  chosenStop: null,
  view: "graph",
  selection: null,
  hovered: null,
  folded: new Set(),
  notice: null,
};

/** Next state of the panel. Pure: no DOM, no editor API, no clock. */
export function next(model: Model, message: Message): Model {
  switch (message.kind) {
    case "welcome":
      return welcomed(model, message);
    case "session":
      return takeSession(model, message);
    case "stop":
      return takeStop(model, message);
    case "stop_gradients":
      return change(model, message.session, (record) => ({
        ...record,
        gradients: [...record.gradients, message.gradients].slice(-STOPS_KEPT),
        nonfinite:
          message.nonfinite === ""
            ? record.nonfinite
            : { ...record.nonfinite, [message.gradients.backward]: message.nonfinite },
      }));
    case "stop_preview":
      return takePreview(model, message.session, message.preview);
    case "stop_tape":
      return model; // an answer that nothing here asks for yet
    case "session_finding":
      return change(model, message.session, (record) => ({
        ...record,
        findings: withFinding(record.findings, message.finding),
      }));
    case "session_uncaught":
      return change(model, message.session, (record) => ({ ...record, uncaught: message.uncaught }));
    case "refused":
      return model.connection.kind === "open"
        ? { ...model, notice: message.reason }
        : { ...model, connection: { kind: "refused", reason: message.reason } };
    case "connecting":
      return { ...model, connection: { kind: "connecting" } };
    case "disconnected": // a refusal is the reason why the connection ended, and stays to be read
      return model.connection.kind === "refused"
        ? model
        : { ...model, connection: { kind: "lost", retryAtMs: message.retryAtMs } };
    case "choose_session":
      return { ...model, chosenSession: message.session, chosenStop: null };
    case "choose_stop":
      return { ...model, chosenStop: newestUnlessEarlier(model, message.stop) };
    case "walk_stops":
      return walkStops(model, message.by);
    case "select":
      return { ...model, selection: message.selection };
    case "hover":
      return { ...model, hovered: message.selection };
    case "show":
      return { ...model, view: message.view };
    case "fold":
      return { ...model, folded: toggled(model.folded, message.group) };
    case "dismiss_notice":
      return { ...model, notice: null };
  }
}

function welcomed(model: Model, { wire, version }: Welcome): Model {
  if (wire !== WIRE_VERSION) {
    const reason = `This page speaks version ${WIRE_VERSION} of tapelens' wire and the server version ${wire}: load it again.`;
    return { ...model, connection: { kind: "refused", reason } };
  }
  // everything known follows
  return { ...model, connection: { kind: "open", version }, sessions: [], latestSession: null, notice: null };
}

/** What outlives a reload of the page. */
export function keepable(model: Model): { readonly view: View; readonly selection: Selection | null } {
  return { view: model.view, selection: model.selection };
}

/** A model with what an earlier page kept, as far as it is what this one would keep. */
export function withKept(model: Model, kept: unknown): Model {
  if (typeof kept !== "object" || kept === null) return model;
  const view = "view" in kept && isView(kept.view) ? kept.view : model.view;
  const selection = "selection" in kept && isSelection(kept.selection) ? kept.selection : null;
  return { ...model, view, selection };
}

function isView(value: unknown): value is View {
  return VIEWS.some((view) => view === value);
}

function isSelection(value: unknown): value is Selection {
  if (typeof value !== "object" || value === null || !("node" in value) || !("tensor" in value)) return false;
  const { node, tensor } = value;
  return (node === null || typeof node === "number") && (tensor === null || typeof tensor === "string");
}

/** The session that is shown: the chosen one, or the one that stopped last. */
export function shownSession(model: Model): SessionRecord | null {
  const byId = (id: string | null): SessionRecord | undefined =>
    model.sessions.find((record) => record.info.session === id);
  return byId(model.chosenSession) ?? byId(model.latestSession) ?? model.sessions.at(-1) ?? null;
}

/** The stop that is shown: the chosen one, or the newest. */
export function shownStop(model: Model): PanelStop | null {
  const stops = shownSession(model)?.stops ?? [];
  return stops.find((stop) => stopKey(stop) === model.chosenStop) ?? stops.at(-1) ?? null;
}

/** Names one stop within its session. */
export function stopKey(stop: PanelStop): string {
  const { stop: serial, thread, depth } = stop.snapshot;
  return `${serial}/${thread}/${depth}`;
}

function takeSession(model: Model, info: PanelSession): Model {
  const known = model.sessions.find((record) => record.info.session === info.session);
  if (known === undefined || beginsAnew(known.info, info)) {
    const fresh: SessionRecord = {
      info,
      stops: [],
      gradients: [],
      nonfinite: {},
      previews: [],
      findings: [],
      uncaught: null,
    };
    const others = model.sessions.filter((record) => record !== known);
    const chosen = known === undefined && isOver(model, model.chosenSession) ? null : model.chosenSession;
    return {
      ...model,
      sessions: [...others, fresh],
      latestSession: info.session,
      chosenSession: chosen,
      chosenStop: null,
    };
  }
  const stoppedNow = info.state === "stopped" && known.info.state !== "stopped";
  const changed = change(model, info.session, (record) => ({ ...record, info }));
  return stoppedNow ? { ...changed, latestSession: info.session } : changed;
}

/** A new stop is what one wants to see, also when an earlier one was being looked at. */
function takeStop(model: Model, stop: PanelStop): Model {
  const changed = change(model, stop.session, (record) => ({
    ...record,
    stops: withStop(record.stops, stop),
  }));
  const seenBefore =
    shownSession(model)?.stops.some((earlier) => stopKey(earlier) === stopKey(stop)) ?? false;
  return { ...changed, latestSession: stop.session, chosenStop: seenBefore ? model.chosenStop : null };
}

/** A refusal is said once, like that of any other button. */
function takePreview(model: Model, session: string, preview: Previewed): Model {
  if (preview.gradients === null) {
    return {
      ...model,
      notice: `No preview of ${preview.expression || "this line"}: ${preview.refused.join(" ")}`,
    };
  }
  return change({ ...model, notice: null }, session, (record) => ({
    ...record,
    previews: [...record.previews.filter((other) => other.stop !== preview.stop), preview].slice(-STOPS_KEPT),
  }));
}

/** The id is used again: a restart in the editor. */
function beginsAnew(known: PanelSession, info: PanelSession): boolean {
  return info.state === "starting" && known.state !== "starting";
}

function isOver(model: Model, session: string | null): boolean {
  const record = model.sessions.find((one) => one.info.session === session);
  return record === undefined || record.info.state === "ended";
}

function change(model: Model, session: string, to: (record: SessionRecord) => SessionRecord): Model {
  return {
    ...model,
    sessions: model.sessions.map((record) => (record.info.session === session ? to(record) : record)),
  };
}

function withStop(stops: readonly PanelStop[], stop: PanelStop): readonly PanelStop[] {
  const place = stops.findIndex((earlier) => stopKey(earlier) === stopKey(stop));
  return place >= 0 ? stops.with(place, stop) : [...stops, stop].slice(-STOPS_KEPT);
}

function withFinding(findings: readonly Finding[], finding: Finding): readonly Finding[] {
  const place = findings.findIndex(
    (earlier) =>
      earlier.rule === finding.rule &&
      earlier.site.path === finding.site.path &&
      earlier.site.line === finding.site.line &&
      earlier.foreseen === finding.foreseen,
  );
  return place >= 0 ? findings.with(place, finding) : [...findings, finding];
}

/** Null for the newest stop, which is followed when another comes. */
function newestUnlessEarlier(model: Model, stop: string): string | null {
  const newest = shownSession(model)?.stops.at(-1);
  return newest !== undefined && stopKey(newest) === stop ? null : stop;
}

function walkStops(model: Model, by: 1 | -1): Model {
  const stops = shownSession(model)?.stops ?? [];
  const shown = shownStop(model);
  const target = shown === null ? undefined : stops[stops.indexOf(shown) + by];
  return target === undefined ? model : { ...model, chosenStop: newestUnlessEarlier(model, stopKey(target)) };
}

function toggled(set: ReadonlySet<string>, member: string): ReadonlySet<string> {
  const copy = new Set(set);
  if (!copy.delete(member)) copy.add(member);
  return copy;
}

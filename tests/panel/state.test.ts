import assert from "node:assert/strict";
import { test } from "node:test";

import type { Finding, PanelSession, ToPanel } from "../../client/protocol/wire";
import {
  keepable,
  next,
  shownSession,
  shownStop,
  START,
  withKept,
  type Model,
} from "../../client/panel/model/state";
import { gradients, recorded, stop, told } from "./recorded";

const SESSION: PanelSession = {
  kind: "session",
  session: "a",
  label: "train.py",
  state: "starting",
  torch: null,
  torch_version: null,
  process: null,
  parent: null,
  controls: true,
  problem: null,
};
const FINDING: Finding = {
  kind: "finding",
  rule: "missing-zero-grad",
  severity: "warning",
  message: "stale",
  site: { path: "/train.py", line: 4, function: "<module>", in_library: false },
  span: null,
  related: [],
  facts: [],
  fix: null,
  seen: "live",
  foreseen: false,
  stop: 1,
  count: 1,
};
const WELCOME: ToPanel = { kind: "welcome", wire: 1, version: "0.1.0" };

function serial(model: Model): number | undefined {
  return shownStop(model)?.snapshot.stop;
}

function stopOf(session: string, number: number): ToPanel {
  const { snapshot, ...rest } = stop(8);
  return { ...rest, session, snapshot: { ...snapshot, stop: number } };
}

test("the newest stop is shown", () => {
  assert.equal(serial(told(recorded())), 8);
});

test("an earlier stop stays chosen until the program stops anew", () => {
  const back = next(told(recorded()), { kind: "walk_stops", by: -1 });
  assert.equal(serial(back), 7);
  const further = next(back, { kind: "walk_stops", by: -1 });
  assert.equal(serial(further), 6);
  const session = shownSession(further)!.info.session;
  assert.equal(serial(next(further, stopOf(session, 9))), 9);
});

test("walking past either end stays there", () => {
  const newest = next(told(recorded()), { kind: "walk_stops", by: 1 });
  assert.equal(serial(newest), 8);
  let first = newest;
  for (let count = 0; count < 20; count += 1) first = next(first, { kind: "walk_stops", by: -1 });
  assert.equal(serial(first), 1);
});

test("the same stop told again replaces itself", () => {
  const model = told([...recorded(), ...recorded().filter((message) => message.kind === "stop")]);
  assert.equal(shownSession(model)?.stops.length, 8);
});

test("the session that stopped last is shown, unless one is chosen", () => {
  const two = told([WELCOME, SESSION, { ...SESSION, session: "b" }, stopOf("a", 1)]);
  assert.equal(shownSession(two)?.info.session, "a");
  const chosen = next(two, { kind: "choose_session", session: "b" });
  assert.equal(shownSession(told([stopOf("a", 2)], chosen))?.info.session, "b");
});

test("a session that is started again begins with nothing", () => {
  const model = told([WELCOME, { ...SESSION, state: "ended" }, stopOf("a", 1), SESSION]);
  assert.equal(shownSession(model)?.stops.length, 0);
});

test("a new welcome forgets what was known: everything follows", () => {
  assert.equal(told([...recorded(), WELCOME]).sessions.length, 0);
});

test("a finding told again replaces itself, and a foreseen one stands apart", () => {
  const messages = [FINDING, { ...FINDING, count: 2 }, { ...FINDING, foreseen: true }];
  const model = told([
    WELCOME,
    SESSION,
    ...messages.map((finding): ToPanel => ({ kind: "session_finding", session: "a", finding })),
  ]);
  assert.deepEqual(
    shownSession(model)?.findings.map((finding) => [finding.count, finding.foreseen]),
    [
      [2, false],
      [1, true],
    ],
  );
});

test("a refusal before the welcome ends the talk, and after it is a notice", () => {
  const refused: ToPanel = { kind: "refused", reason: "No." };
  const before = next(START, refused);
  assert.deepEqual(before.connection, { kind: "refused", reason: "No." });
  assert.equal(next(before, { kind: "disconnected", retryAtMs: 1 }).connection.kind, "refused");
  const after = told([WELCOME, refused]);
  assert.equal(after.notice, "No.");
  assert.equal(next(after, { kind: "dismiss_notice" }).notice, null);
});

test("a server of another wire version is not listened to", () => {
  assert.equal(told([{ ...WELCOME, wire: 2 }]).connection.kind, "refused");
});

test("a lost connection keeps what was known", () => {
  const model = next(told(recorded()), { kind: "disconnected", retryAtMs: 5 });
  assert.equal(model.connection.kind, "lost");
  assert.equal(serial(model), 8);
});

test("view and selection outlive a reload, and only what they may be", () => {
  const selected = next(START, { kind: "select", selection: { node: 3, tensor: "y1" } });
  const kept = keepable(next(selected, { kind: "show", view: "tape" }));
  assert.deepEqual(keepable(withKept(START, JSON.parse(JSON.stringify(kept)))), kept);
  for (const wrong of [null, 3, "x", {}, { view: "other", selection: { node: "3", tensor: 1 } }]) {
    assert.deepEqual(keepable(withKept(START, wrong)), keepable(START));
  }
});

test("a preview stands at its stop, and a refused one is said", () => {
  const model = told(recorded());
  const { session } = shownSession(model)!.info;
  const preview = {
    kind: "previewed",
    stop: 8,
    expression: "loss",
    refused: [],
    gradients: gradients(),
  } as const;
  const shown = next(next(model, { kind: "stop_preview", session, preview }), {
    kind: "stop_preview",
    session,
    preview,
  });
  assert.deepEqual(shownSession(shown)!.previews, [preview]);
  const refused = next(model, {
    kind: "stop_preview",
    session,
    preview: { ...preview, refused: ["The hook f on MulBackward0 would run."], gradients: null },
  });
  assert.deepEqual(shownSession(refused)!.previews, []);
  assert.equal(refused.notice, "No preview of loss: The hook f on MulBackward0 would run.");
});

test("who made a gradient not finite is kept by backward", () => {
  const found = { ...gradients(), backward: 7 };
  const message: ToPanel = {
    kind: "stop_gradients",
    session: shownSession(told(recorded()))!.info.session,
    gradients: found,
    nonfinite: "`SqrtBackward0` did it.",
  };
  const model = next(told(recorded()), message);
  assert.equal(shownSession(model)?.nonfinite[7], "`SqrtBackward0` did it.");
  const silent = next(told(recorded()), { ...message, nonfinite: "" });
  assert.deepEqual(shownSession(silent)?.nonfinite, {});
});

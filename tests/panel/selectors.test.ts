import assert from "node:assert/strict";
import { test } from "node:test";

import type { Snapshot } from "../../client/protocol/wire";
import { markCode } from "../../client/panel/model/code";
import { drawingOf } from "../../client/panel/model/drawing";
import { canPreview, flowAt } from "../../client/panel/model/flow";
import { lanesOf } from "../../client/panel/model/lanes";
import { firstLook, freedBytesIn, lookedAt, selectNode } from "../../client/panel/model/selection";
import { frameTensors, indexOf, nodeAt, nodeCount, tensorName } from "../../client/panel/model/snapshot";
import { shownSession, type SessionRecord } from "../../client/panel/model/state";
import { codeOf, justRan, stripOf } from "../../client/panel/model/strip";
import { tapeLines } from "../../client/panel/model/tape";
import { gradText, kindText, madeAt, seenText, slopeText } from "../../client/panel/model/wording";
import { gradients, recorded, stop, told, withNodes } from "./recorded";

const RECORD: SessionRecord = shownSession(told(recorded()))!;

function tensor(snapshot: Snapshot, name: string) {
  return frameTensors(snapshot).find((one) => tensorName(one) === name)!;
}

test("the strip shows the code that just ran and what it left", () => {
  const strip = stripOf(RECORD);
  assert.deepEqual(
    strip.map((item) => item.code),
    [
      "",
      "x = torch.tensor(3.0, requires_grad=True)",
      "y1 = x + 1",
      "y2 = 2 * x",
      "loss = (y1 - y2) ** 2",
      'y1.register_hook(partial(f, "y1"))',
      'y2.register_hook(partial(f, "y2"))',
      "loss.backward()",
    ],
  );
  assert.deepEqual(
    strip.map((item) => item.note),
    [
      "no graph yet",
      "no graph yet",
      "1 operation",
      "2 operations",
      "4 operations",
      "1 hook added",
      "1 hook added",
      "gradients flowed, 12 B freed",
    ],
  );
  assert.deepEqual(strip.at(-1)?.dots, ["saves_nothing", "freed", "saves_nothing", "freed"]);
});

test("after a jump back the line of the earlier stop is what ran", () => {
  assert.equal(justRan(stop(3), stop(8)).code, 'print("x_grad:", x.grad)');
});

test("lines that ran together are counted", () => {
  assert.deepEqual(justRan(stop(5), stop(2)), { code: "loss = (y1 - y2) ** 2", more: 2 });
});

test("comments are no code, and a hash in a string is no comment", () => {
  assert.equal(codeOf("  x = 1  # one"), "x = 1");
  assert.equal(codeOf("  print(\"# no\", '#')  # yes"), "print(\"# no\", '#')");
  assert.equal(codeOf("# all of it"), "");
});

test("gradients belong to earlier stops of the same graph and to the one after", () => {
  assert.equal(flowAt(RECORD, stop(2).snapshot), null); // no graph yet
  for (const [serial, alreadyRan] of [
    [5, false],
    [7, false],
    [8, true],
  ] as const) {
    assert.equal(flowAt(RECORD, stop(serial).snapshot)?.alreadyRan, alreadyRan);
  }
});

test("the seed's numbers stand at its tensors", () => {
  const { snapshot } = stop(8);
  const flow = flowAt(RECORD, snapshot)!;
  const seen = (name: string) => seenText(snapshot, tensor(snapshot, name), flow, Infinity);
  assert.equal(seen("y1"), "−4.0");
  assert.equal(seen("y2"), "4.0");
  assert.equal(seen("loss"), "1.0");
  assert.equal(seen("x"), "8.0 − 4.0");
  assert.equal(gradText(tensor(snapshot, "x"), Infinity), "4.0");
  assert.equal(gradText(tensor(snapshot, "y1"), Infinity), "None");
  assert.equal(kindText(tensor(snapshot, "x")), "leaf");
  assert.equal(kindText(tensor(snapshot, "y1")), "not a leaf");
});

test("slopes are told only where they can be", () => {
  const scalar = {
    shape: [],
    count: 1,
    norm: 4,
    minimum: -4,
    maximum: -4,
    mean: -4,
    nan: 0,
    inf: 0,
    first: [-4],
  };
  assert.equal(slopeText(scalar, { ...scalar, first: [8] }), "= −4 × −2");
  assert.equal(slopeText({ ...scalar, first: [0] }, scalar), null);
  assert.equal(slopeText({ ...scalar, nan: 1, first: ["nan"] }, scalar), null);
  assert.equal(slopeText(scalar, { ...scalar, count: 2, first: [1, 2] }), null);
  assert.equal(slopeText(undefined, scalar), null);
});

test("before anything is selected one sees where the line starts its backward", () => {
  assert.equal(firstLook(stop(7))?.tensor?.names[0], "loss");
});

test("after backward one sees a tensor that kept no gradient", () => {
  assert.equal(firstLook(stop(8))?.tensor?.names[0], "y1");
});

test("a selection is found again at another stop", () => {
  const { snapshot } = stop(5);
  const row = tensor(snapshot, "y2").node!;
  const selection = selectNode(snapshot, row);
  assert.deepEqual(selection, { tensor: "y2", node: snapshot.nodes.key[row] });
  assert.equal(lookedAt(stop(8).snapshot, selection)?.node?.name, "MulBackward0");
  assert.equal(lookedAt(stop(3).snapshot, selection), null);
});

test("what a node freed is remembered from the stop before", () => {
  const { snapshot } = stop(8);
  const row = tensor(snapshot, "loss").node!;
  assert.equal(freedBytesIn(RECORD, stop(8))(snapshot.nodes.key[row]!), 4);
});

test("a hook on a tensor is found at the tensor's node", () => {
  const { snapshot } = stop(8);
  const hooks = indexOf(snapshot).hooksOfNode.get(tensor(snapshot, "y1").node!);
  assert.deepEqual(
    hooks?.map((hook) => hook.kind),
    ["tensor_pre"],
  );
});

test("the tape without modules is a plain list in tape order", () => {
  const { snapshot } = stop(8);
  assert.deepEqual(
    tapeLines(snapshot, new Set()).map((line) =>
      line.kind === "node" ? nodeAt(snapshot, line.row).name : line.label,
    ),
    ["AccumulateGrad", "AddBackward0", "MulBackward0", "SubBackward0", "PowBackward0"],
  );
});

test("the tape is grouped by module, and a folded group says what it hides", () => {
  const { snapshot } = stop(8);
  const strings = [...snapshot.strings, "encoder.0"];
  const module = snapshot.nodes.key.map((_, row) => (row === 1 || row === 2 ? strings.length - 1 : -1));
  const grouped = { ...withNodes(snapshot, { module }), strings };
  const lines = tapeLines(grouped, new Set());
  assert.deepEqual(
    lines.map((line) => (line.kind === "group" ? `${line.label} ${line.count}` : "node")),
    ["leaves 1", "node", "encoder.0 2", "node", "node", "outside modules 2", "node", "node"],
  );
  const folded = tapeLines(grouped, new Set(["encoder.0#1"]));
  assert.equal(folded.length, lines.length - 2);
});

test("lanes lead from each node to the last that was made from it", () => {
  const lanes = lanesOf(stop(8).snapshot)!;
  assert.deepEqual(
    lanes.map(({ lane, from, through }) => ({ lane, from, through })),
    [
      { lane: 0, from: [], through: [] }, // x, a leaf
      { lane: 0, from: [], through: [] }, // y1
      { lane: 1, from: [], through: [0] }, // y2
      { lane: 0, from: [0, 1], through: [] }, // y1 - y2
      { lane: 0, from: [0], through: [] }, // loss
    ],
  );
});

test("a graph too long for lanes has none", () => {
  const { snapshot } = stop(8);
  const key = Array.from({ length: 5000 }, (_, row) => row);
  const long = withNodes(snapshot, { key });
  assert.equal(nodeCount(long), 5000);
  assert.equal(lanesOf(long), null);
});

test("calls, dotted names and the program's names are told apart from prose", () => {
  const names = new Set(["y1", "x", "a"]);
  const code = (text: string) =>
    markCode(text, names)
      .filter((part) => part.code)
      .map((part) => part.text);
  assert.deepEqual(code("y1 is not a leaf: call y1.retain_grad() before loss.backward()."), [
    "y1",
    "y1.retain_grad()",
    "loss.backward()",
  ]);
  assert.deepEqual(code("Pass retain_graph=True, or read .grad later."), ["retain_graph=True", ".grad"]);
  assert.deepEqual(code("Store .item() of it (and x)."), [".item()", "x"]);
  const text = "Nothing here is code. <b>`x`</b>";
  assert.equal(
    markCode(text, names)
      .map((part) => part.text)
      .join(""),
    text.replaceAll("`", ""),
  );
});

test("a preview's numbers stand at its stop until the backward itself ran", () => {
  const { snapshot } = stop(5);
  const asked = { ...gradients(), backward: 0, stop: 5 };
  const preview = { kind: "previewed", stop: 5, expression: "loss", refused: [], gradients: asked } as const;
  const before = { ...RECORD, gradients: [], previews: [preview] };
  assert.equal(flowAt(before, snapshot)?.previewed, true);
  const [edge] = drawingOf(snapshot, flowAt(before, snapshot), {
    density: "detailed",
    measure: (text) => text.length * 7,
    freedBytes: () => null,
  }).edges;
  assert.equal(edge?.state, "previewed");
  const after = { ...RECORD, previews: [preview] };
  assert.equal(flowAt(after, snapshot)?.previewed, false);
});

test("a preview that knows only the sum where edges meet begins nowhere but at its root", () => {
  const { snapshot } = stop(5);
  const flowed = gradients();
  const leaf = snapshot.nodes.key[snapshot.nodes.leaf.findIndex((tensor) => tensor >= 0)];
  const kept = flowed.edges.target.flatMap((target, row) => (target === leaf ? [] : [row]));
  const pick = <Item>(column: readonly Item[]): readonly Item[] => kept.map((row) => column[row]!);
  const edges = {
    source: pick(flowed.edges.source),
    position: pick(flowed.edges.position),
    target: pick(flowed.edges.target),
    input_nr: pick(flowed.edges.input_nr),
    shape: pick(flowed.edges.shape),
    statistics: pick(flowed.edges.statistics),
  };
  const asked = { ...flowed, edges, backward: 0, stop: 5 };
  const preview = { kind: "previewed", stop: 5, expression: "loss", refused: [], gradients: asked } as const;
  const { starts } = drawingOf(
    snapshot,
    flowAt({ ...RECORD, gradients: [], previews: [preview] }, snapshot),
    {
      density: "detailed",
      measure: (text) => text.length * 7,
      freedBytes: () => null,
    },
  );
  assert.ok(kept.length < flowed.edges.target.length);
  assert.deepEqual(
    starts.map((start) => start.text),
    ["previewed: backward would start here"],
  );
});

test("a preview can be asked for where the program stands, once", () => {
  const stops = RECORD.stops.slice(0, 5);
  const standing = { ...RECORD, info: { ...RECORD.info, state: "stopped" }, stops } as const;
  assert.equal(canPreview(standing, stops[4]!), true);
  assert.equal(canPreview(standing, stops[3]!), false);
  assert.equal(canPreview({ ...standing, info: { ...RECORD.info, state: "running" } }, stops[4]!), false);
  const preview = {
    kind: "previewed",
    stop: 5,
    expression: "loss",
    refused: [],
    gradients: gradients(),
  } as const;
  assert.equal(canPreview({ ...standing, previews: [preview] }, stops[4]!), false);
});

test("a node's line made it, or called the module that did", () => {
  const { snapshot } = stop(3);
  assert.equal(madeAt({ ...snapshot, lines: "every_line" }), "made at");
  assert.equal(madeAt({ ...snapshot, lines: "module_calls" }), "called at");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { drawingOf, type Density, type Drawing } from "../../client/panel/model/drawing";
import { flowAt } from "../../client/panel/model/flow";
import { layout, pathThrough, type Placed } from "../../client/panel/model/layout";
import { freedBytesIn } from "../../client/panel/model/selection";
import { shownSession } from "../../client/panel/model/state";
import { recorded, stop, told } from "./recorded";

const RECORD = shownSession(told(recorded()))!;

function drawn(serial: number, density: Density = "detailed"): Drawing {
  const shown = stop(serial);
  return drawingOf(shown.snapshot, flowAt(RECORD, shown.snapshot), {
    density,
    measure: (text) => text.length * 7,
    freedBytes: freedBytesIn(RECORD, shown),
  });
}

function boxes(placed: Placed) {
  return placed.nodes.map(({ node, x, y }) => ({
    left: x - node.width / 2,
    right: x + node.width / 2,
    top: y - node.height / 2,
    bottom: y + node.height / 2,
  }));
}

test("nodes say their name, value, operation and what they freed", () => {
  const loss = drawn(8).nodes.find((node) => node.name === "loss")!;
  assert.equal(loss.value, "4.0");
  assert.equal(loss.title, "PowBackward0");
  assert.match(loss.detail, /freed self, 4 B$/);
  assert.equal(loss.state, "freed");
});

test("a leaf is drawn as itself, not as the node that adds to it", () => {
  const x = drawn(8).nodes.find((node) => node.leaf)!;
  assert.equal(x.name, "x");
  assert.equal(x.title, ".grad = 4.0");
  assert.equal(x.detail, "leaf · 8 − 4 added up");
});

test("edges carry what flowed, as what came in times the slope", () => {
  const texts = drawn(8).edges.map((edge) => [edge.number, edge.slope]);
  assert.deepEqual(
    new Set(texts.map((text) => text.join(" "))),
    new Set(["−4 = 1 × −4", "−4 = −4 × 1", "4 = −4 × −1", "8 = 4 × 2"]),
  );
  assert.equal(texts.length, 5);
});

test("a hook rings the edge that comes to its tensor, with its turn", () => {
  const hooks = drawn(8).edges.flatMap((edge) => edge.hooks.map((hook) => hook.text));
  assert.deepEqual(hooks.toSorted(), ['hook f("y1"), ran 2nd', 'hook f("y2"), ran 1st']);
});

test("backward starts at the root: flowed once it ran, foretold before", () => {
  assert.deepEqual(
    drawn(8).starts.map(({ number, flowed }) => ({ number, flowed })),
    [{ number: "1", flowed: true }],
  );
  const shown = stop(7);
  const before = drawingOf(shown.snapshot, null, {
    density: "detailed",
    measure: (text) => text.length * 7,
    freedBytes: () => null,
  });
  assert.deepEqual(
    before.starts.map(({ number, flowed }) => ({ number, flowed })),
    [{ number: null, flowed: false }],
  );
  assert.ok(before.edges.every((edge) => edge.state === "still" && edge.number === null));
});

test("only the line about to run marks the node that will raise", () => {
  assert.ok(drawn(8).nodes.every((node) => !node.broken)); // it stands at a print
  const { snapshot } = stop(8);
  const backward = { ...snapshot.backward, chosen_by: "line" as const };
  const foreseen = drawingOf({ ...snapshot, backward }, null, {
    density: "compact",
    measure: (text) => text.length * 7,
    freedBytes: () => null,
  });
  assert.deepEqual(
    foreseen.nodes.filter((node) => node.broken).map((node) => node.title),
    ["Pow"],
  );
});

for (const direction of ["down", "right"] as const) {
  for (const density of ["detailed", "compact"] as const) {
    test(`${density} nodes do not overlap when gradients flow ${direction}`, async () => {
      const placed = await layout({ drawing: drawn(8, density), direction });
      const all = boxes(placed);
      all.forEach((one, place) => {
        assert.ok(one.left >= 0 && one.top >= 0 && one.right <= placed.width && one.bottom <= placed.height);
        for (const other of all.slice(place + 1)) {
          const apart =
            one.right <= other.left ||
            other.right <= one.left ||
            one.bottom <= other.top ||
            other.bottom <= one.top;
          assert.ok(apart, "two nodes overlap");
        }
      });
    });
  }
}

test("gradients flow down: every edge ends below where it begins", async () => {
  const placed = await layout({ drawing: drawn(8), direction: "down" });
  for (const { points } of placed.edges) assert.ok(points.at(-1)!.y > points[0]!.y);
});

test("operands stand in the order in which the code names them", async () => {
  const placed = await layout({ drawing: drawn(8), direction: "down" });
  const x = (name: string) => placed.nodes.find(({ node }) => node.name === name)!.x;
  assert.ok(x("y1") < x("y2"));
});

test("edges end at the border of their node", async () => {
  const placed = await layout({ drawing: drawn(8), direction: "down" });
  for (const { edge, points } of placed.edges) {
    const target = placed.nodes.find(({ node }) => node.id === edge.to)!;
    const tip = points.at(-1)!;
    assert.ok(Math.abs(tip.y - (target.y - target.node.height / 2)) < 0.01);
    assert.ok(Math.abs(tip.x - target.x) <= target.node.width / 2);
  }
});

test("a path begins and ends at its points", () => {
  const path = pathThrough(
    [
      { x: 1, y: 2 },
      { x: 5, y: 20 },
    ],
    "down",
  );
  assert.match(path, /^M1 2C.*5 20$/);
  assert.equal(pathThrough([], "down"), "");
});

test("the edge along which a gradient first was not finite is marked, and no other", () => {
  const flow = flowAt(RECORD, stop(8).snapshot)!;
  const [source = -1] = flow.gradients.edges.source;
  const [position = -1] = flow.gradients.edges.position;
  const first = { key: source, position, name: "", nan: 1, inf: 0, site: null, module: "", hook: "" };
  const spoilt = { ...flow, gradients: { ...flow.gradients, first_nonfinite: first } };
  const options = { density: "detailed", measure: () => 10, freedBytes: () => null } as const;
  const marked = drawingOf(stop(8).snapshot, spoilt, options).edges.filter((edge) => edge.first);
  assert.deepEqual(
    marked.map((edge) => edge.id),
    [`${source}:${position}`],
  );
});

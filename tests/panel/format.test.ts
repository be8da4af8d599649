import assert from "node:assert/strict";
import { test } from "node:test";

import {
  formatBytes,
  formatDuration,
  formatElements,
  formatFlow,
  formatNumber,
  formatShape,
  formatSite,
  formatValue,
  ordinal,
  shorten,
  shortOperation,
  styleOf,
  type Value,
} from "../../client/panel/model/format";

function value(first: Value["first"], shape: readonly number[], more: Partial<Value> = {}): Value {
  return {
    shape,
    count: first.length,
    norm: 1,
    minimum: 0,
    maximum: 0,
    mean: 0,
    nan: 0,
    inf: 0,
    first,
    ...more,
  };
}

test("numbers have four digits and a true minus", () => {
  assert.equal(formatNumber(-4), "−4");
  assert.equal(formatNumber(4, "float"), "4.0");
  assert.equal(formatNumber(0.123456), "0.1235");
  assert.equal(formatNumber(1234.5678), "1234.6");
  assert.equal(formatNumber(1.5e-7), "1.5e−7");
  assert.equal(formatNumber(-2.5e12, "float"), "−2.5e12");
  assert.equal(formatNumber(0, "float"), "0.0");
  assert.equal(formatNumber(1, "boolean"), "True");
});

test("what is not finite is named as PyTorch names it", () => {
  assert.equal(formatNumber("nan"), "NaN");
  assert.equal(formatNumber("-inf"), "−inf");
});

test("small tensors are written out with their brackets", () => {
  assert.equal(formatElements(value([4.5, 4.5], [1, 2])), "[[4.5, 4.5]]");
  assert.equal(formatElements(value([4], [])), "4.0");
  assert.equal(formatElements(value([0, 7], [2, 1])), "[[0.0], [7.0]]");
  assert.equal(formatElements(value([1, 2], [2]), "integer"), "[1, 2]");
});

test("larger tensors are told by their norm, and what is broken in them comes first", () => {
  const large = value([1, 1, 1], [300], { count: 300, norm: 17.3205 });
  assert.equal(formatElements(large), null);
  assert.equal(formatValue(large), "norm 17.32");
  assert.equal(formatValue(large, "float", 10), "‖17.32‖");
  assert.equal(formatFlow(large), "‖g‖ 17.32");
  assert.equal(formatFlow({ ...large, nan: 256 }), "NaN 256 of 300");
});

test("shapes, bytes and times read as people write them", () => {
  assert.equal(formatShape([]), "()");
  assert.equal(formatShape([3]), "(3,)");
  assert.equal(formatShape([2, 3]), "(2, 3)");
  assert.equal(formatBytes(12), "12 B");
  assert.equal(formatBytes(1536), "1.5 KB");
  assert.equal(formatBytes(72_666_316), "69.3 MB");
  assert.equal(formatDuration(300), "under 1 ms");
  assert.equal(formatDuration(11_400), "11 ms");
});

test("a place in the file at hand is only its line", () => {
  const site = { path: "/work/src/train.py", line: 5, function: "f", in_library: false };
  assert.equal(formatSite(site, "/work/src/train.py"), "line 5");
  assert.equal(formatSite(site, "/other.py"), "train.py:5");
  assert.equal(formatSite({ ...site, path: "C:\\src\\train.py" }, null), "train.py:5");
});

test("names are shortened by whole characters", () => {
  assert.equal(shorten("loss", 10), "loss");
  assert.equal(shorten("a".repeat(12), 10), `${"a".repeat(9)}…`);
  assert.equal(shorten("😀".repeat(12), 3), "😀😀…");
  assert.equal(shorten("x".repeat(10_000), 16).length, 16);
});

test("operations lose their suffix, places gain theirs", () => {
  assert.equal(shortOperation("AddBackward0"), "Add");
  assert.equal(shortOperation("MyReLUBackward"), "MyReLU");
  assert.deepEqual([1, 2, 3, 4, 11, 12, 21].map(ordinal), [
    "1st",
    "2nd",
    "3rd",
    "4th",
    "11th",
    "12th",
    "21st",
  ]);
  assert.equal(styleOf("bfloat16"), "float");
  assert.equal(styleOf("int64"), "integer");
});

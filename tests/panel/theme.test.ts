import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { contrast, parseColour, readable, toHex } from "../../client/panel/model/theme";

test("colours are read as style sheets write them", () => {
  assert.deepEqual(parseColour("#fff"), [255, 255, 255]);
  assert.deepEqual(parseColour(" #1f1f1f80 "), [31, 31, 31]);
  assert.deepEqual(parseColour("rgb(1, 2, 3)"), [1, 2, 3]);
  assert.deepEqual(parseColour("rgba(1 2 3 / 50%)"), [1, 2, 3]);
  assert.equal(parseColour("var(--x)"), null);
  assert.equal(parseColour(""), null);
});

test("contrast is WCAG's", () => {
  assert.equal(contrast([0, 0, 0], [255, 255, 255]), 21);
  assert.equal(contrast([255, 255, 255], [255, 255, 255]), 1);
});

test("a colour that cannot be read is moved until it can", () => {
  const white = [255, 255, 255] as const;
  const text = readable([191, 136, 3], [31, 31, 31], [white]);
  assert.ok(contrast(text, white) >= 4.5);
  assert.deepEqual(readable([0, 0, 0], [31, 31, 31], [white]), [0, 0, 0]);
  const poor = readable([200, 200, 200], [180, 180, 180], [white]); // a theme whose own foreground is faint
  assert.ok(contrast(poor, white) >= 4.5);
  assert.equal(toHex([1, 171, 255]), "#01abff");
});

/** Our own values in the style sheet, light first. */
function palette(): readonly ReadonlyMap<string, string>[] {
  const css = readFileSync("client/panel/panel.css", "utf-8");
  const [light = "", dark = ""] = css.split("@media (prefers-color-scheme: dark)");
  const values = (text: string) =>
    new Map(
      [...text.matchAll(/(--[\w-]+): var\(--vscode-[\w-]+, (#[0-9a-f]{6})\)/g)].map((m) => [m[1]!, m[2]!]),
    );
  return [values(light), values(dark)];
}

test("every text of our own palette has 4.5 to 1 on every ground it stands on", () => {
  for (const values of palette()) {
    const colour = (name: string) => parseColour(values.get(name)!)!;
    for (const text of [
      "--text",
      "--strong",
      "--muted",
      "--link",
      "--kept",
      "--flow",
      "--leaf",
      "--broken",
    ]) {
      for (const ground of ["--canvas", "--side"]) {
        const ratio = contrast(colour(text), colour(ground));
        assert.ok(ratio >= 4.5, `${text} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
    assert.ok(contrast(colour("--row-text"), colour("--row")) >= 4.5);
    assert.ok(contrast(colour("--primary-text"), colour("--primary")) >= 4.5);
  }
});

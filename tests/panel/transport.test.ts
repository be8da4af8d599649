import assert from "node:assert/strict";
import { test } from "node:test";

import { backoffMs, readMessage } from "../../client/panel/transport";

test("only messages of the server's are read", () => {
  assert.deepEqual(readMessage('{"kind":"refused","reason":"no"}'), { kind: "refused", reason: "no" });
  for (const noise of [
    null,
    3,
    {},
    "",
    "no JSON",
    "[]",
    "null",
    '"stop"',
    '{"kind":"other"}',
    '{"kind":3}',
  ]) {
    assert.equal(readMessage(noise), null);
  }
});

test("attempts to connect again come ever more slowly, up to a bound", () => {
  assert.deepEqual([0, 1, 2, 3].map(backoffMs), [500, 1000, 2000, 4000]);
  assert.equal(backoffMs(50), 15_000);
});

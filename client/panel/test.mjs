// Runs tests/panel with node's own runner, after esbuild has taken the types off.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const tests = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "tests", "panel");
const sources = (await readdir(tests)).filter((name) => name.endsWith(".test.ts"));
const folder = await mkdtemp(join(tmpdir(), "tapelens-panel-tests-"));
try {
  await build({
    entryPoints: sources.map((name) => join(tests, name)),
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "node",
    target: ["node20"],
    outExtension: { ".js": ".mjs" },
    sourcemap: "inline",
    logLevel: "warning",
  });
  const files = sources.map((name) => join(folder, name.replace(/\.ts$/, ".mjs")));
  const options = ["--enable-source-maps", "--test", "--test-reporter=spec"];
  const run = spawnSync(process.execPath, [...options, ...files], { encoding: "utf-8" });
  const passed = /^ℹ pass (\d+)$/m.exec(run.stdout)?.[1];
  process.stdout.write(run.status === 0 ? `${passed} tests of the panel passed\n` : run.stdout + run.stderr);
  process.exitCode = run.status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

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
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...files], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}

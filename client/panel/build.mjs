// Bundles the panel into the Python package: index.html, panel.js and panel.css, the same for webview and browser.
import { copyFile, mkdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const SIZE_LIMIT = 300_000; // bytes of panel.js and panel.css together

const here = dirname(fileURLToPath(import.meta.url));
const page = join(here, "..", "..", "server", "tapelens", "web", "page");

await mkdir(page, { recursive: true });
await build({
  entryPoints: { panel: join(here, "main.tsx") },
  outdir: page,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "inline",
  logLevel: "warning",
});
for (const name of ["panel.css", "index.html", "icon.svg"])
  await copyFile(join(here, name), join(page, name));

const sizes = await Promise.all(
  ["panel.js", "panel.css"].map(async (name) => (await stat(join(page, name))).size),
);
const total = sizes.reduce((sum, size) => sum + size, 0);
if (total > SIZE_LIMIT) {
  throw new Error(`the panel weighs ${total} bytes, more than the ${SIZE_LIMIT} allowed: see what came in`);
}

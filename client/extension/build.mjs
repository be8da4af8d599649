// Bundles the VS Code side of the extension: one CommonJS file, as the extension host loads it.
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));

await build({
  entryPoints: { extension: join(here, "extension.ts") },
  outdir: join(here, "out"),
  bundle: true,
  minify: true,
  sourcemap: false,
  platform: "node",
  format: "cjs",
  target: ["node20"],
  external: ["vscode"],
  legalComments: "none",
  logLevel: "warning",
});

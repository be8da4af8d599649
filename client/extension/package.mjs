// Makes build/tapelens-VERSION.vsix: one file for every platform, with the server, the probe and the server's
// pure-Python dependencies inside.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SIZE_LIMIT = 3 * 2 ** 20; // bytes of the finished file
const STEP_DEADLINE_MS = 300_000;
const OLDEST_PYTHON = "3.10";

// What `tapelens serve` imports, and what those import. rich, of the command line, stays out.
const BUNDLED = ["pygls", "lsprotocol", "cattrs", "attrs", "typing_extensions", "pathspec", "parso"];
// What Python 3.10 needs where the lock, made on a newer one, has none or one that is too new.
const BUNDLED_FOR_OLDEST = ["exceptiongroup==1.3.1", "tomli==2.5.0", "websockets==16.1.1"];

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const build = join(root, "build");

/** Run a program to its end, silently unless it fails. */
function run(program, args, cwd = root) {
  try {
    execFileSync(program, args, { cwd, stdio: "pipe", timeout: STEP_DEADLINE_MS });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ""}${error.stderr ?? ""}`);
    throw new Error(`${basename(program)} ${args.slice(0, 3).join(" ")} … failed: see above`);
  }
}

/** The lock's line of each bundled package. */
function bundledRequirements() {
  const lock = readFileSync(join(root, "requirements.lock"), "utf8").split("\n");
  const pinned = BUNDLED.map((name) => {
    const line = lock.find((each) => each.split("==")[0].toLowerCase() === name);
    if (line === undefined) throw new Error(`requirements.lock does not pin ${name}`);
    return line.split(/[\s;]/)[0];
  });
  return [...pinned, ...BUNDLED_FOR_OLDEST];
}

/** The dependencies, installed once for each state of the lock. */
function bundledLibraries() {
  const requirements = bundledRequirements();
  const key = createHash("sha256").update(requirements.join("\n")).digest("hex").slice(0, 12);
  const folder = join(build, `vsix-libs-${key}`);
  if (existsSync(folder)) return folder;
  const begun = `${folder}.partial`;
  rmSync(begun, { recursive: true, force: true });
  const python = process.env.PYTHON ?? join(root, ".venv", "bin", "python");
  run(python, [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"],
    ...["--only-binary", ":all:", "--platform", "any", "--abi", "none", "--implementation", "py"],
    ...["--python-version", OLDEST_PYTHON, "--target", begun],
    ...requirements,
  ]);
  rmSync(join(begun, "bin"), { recursive: true, force: true });
  renameSync(begun, folder);
  return folder;
}

/** Whether a file belongs into the .vsix; the command line does not, for it needs rich. */
function isShipped(path) {
  return !/(^|\/)(__pycache__|tests?|tapelens\/cli|tapelens\/__main__\.py)(\/|$)|\.(pyc|so|pyd)$/.test(path);
}

/** Lay out what will be in the .vsix; gives its version. */
function stageExtension(stage) {
  mkdirSync(join(stage, "bundled"), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  delete manifest.scripts;
  delete manifest.devDependencies;
  delete manifest.private;
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const icons = ["icon.svg", "icon.png", "tab-icon.svg"].map((name) => join("client", "extension", name));
  for (const path of ["LICENSE", join("client", "extension", "out", "extension.js"), ...icons])
    cpSync(join(root, path), join(stage, path));
  // Of its own: the repository's has pictures and links that lead nowhere from here.
  cpSync(join(root, "client", "extension", "README.md"), join(stage, "README.md"));
  if (existsSync(join(root, "CHANGELOG.md"))) cpSync(join(root, "CHANGELOG.md"), join(stage, "CHANGELOG.md"));
  cpSync(join(root, "server", "tapelens"), join(stage, "bundled", "tapelens"), {
    recursive: true,
    filter: (source) => isShipped(source.slice(root.length)),
  });
  cpSync(join(root, "docs", "rules"), join(stage, "bundled", "tapelens", "report", "rules"), {
    recursive: true,
  });
  cpSync(bundledLibraries(), join(stage, "bundled", "libs"), {
    recursive: true,
    filter: (source) => isShipped(source.slice(build.length)),
  });
  return manifest.version;
}

mkdirSync(build, { recursive: true });
run(process.execPath, [join(root, "client", "panel", "build.mjs")]);
run(process.execPath, [join(root, "client", "extension", "build.mjs")]);
const stage = mkdtempSync(join(build, "vsix-stage-")); // two at once do not meet
try {
  const name = `tapelens-${stageExtension(stage)}.vsix`;
  const made = join(stage, name);
  run(
    process.execPath,
    [
      join(root, "node_modules", "@vscode", "vsce", "vsce"),
      ...["package", "--no-dependencies", "--allow-missing-repository", "--skip-license", "--out", made],
    ],
    stage,
  );
  const size = statSync(made).size;
  if (size > SIZE_LIMIT) throw new Error(`${name} weighs ${size} bytes, more than the ${SIZE_LIMIT} allowed`);
  renameSync(made, join(build, name));
  process.stdout.write(`build/${name}: ${(size / 2 ** 20).toFixed(2)} MiB\n`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}

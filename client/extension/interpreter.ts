/** Which Python runs the language server. It needs neither torch nor anything installed. */

import { execFile } from "node:child_process";

import { extensions, type WorkspaceFolder } from "vscode";

import { withDeadline } from "./deadline";

const OLDEST = "3.10";
const VERSION_CHECK = ["-I", "-S", "-c", "import sys; sys.exit(sys.version_info < (3, 10))"];
const CHECK_DEADLINE_MS = 10_000;
const EDITOR_DEADLINE_MS = 3_000;

export type Choice =
  { readonly kind: "found"; readonly path: string } | { readonly kind: "none"; readonly reason: string };

/** What to choose from, best first. */
export interface Wishes {
  /** The setting `tapelens.interpreter`: when set, no other is tried. */
  readonly setting: string;
  /** The interpreter of the launch configuration. */
  readonly launch: string | undefined;
  readonly folder: WorkspaceFolder | undefined;
}

/** The first interpreter that runs and is new enough. */
export async function chooseInterpreter(wishes: Wishes): Promise<Choice> {
  if (wishes.setting !== "") {
    if (await isUsable(wishes.setting)) return { kind: "found", path: wishes.setting };
    return {
      kind: "none",
      reason: `The setting tapelens.interpreter names ${wishes.setting}, which is no Python ${OLDEST} or newer.`,
    };
  }
  const candidates = [() => selectedInEditor(wishes.folder), wishes.launch, "python3", "python"];
  for (const candidate of candidates) {
    const path = typeof candidate === "function" ? await candidate() : candidate;
    if (path !== undefined && (await isUsable(path))) return { kind: "found", path };
  }
  return {
    kind: "none",
    reason: `No Python ${OLDEST} or newer was found to run tapelens' server: name one in the setting tapelens.interpreter.`,
  };
}

/** The interpreter that a launch configuration names, if it names one by path. */
export function interpreterOf(configuration: Readonly<Record<string, unknown>>): string | undefined {
  for (const key of ["python", "pythonPath"]) {
    const value = configuration[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof first === "string" && first !== "" && !first.includes("${")) return first;
  }
  return undefined;
}

function isUsable(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(path, VERSION_CHECK, { timeout: CHECK_DEADLINE_MS, windowsHide: true }, (error) => {
      resolve(error === null);
    });
  });
}

/** What the Python extension has selected; undefined where that extension is not installed or slow. */
async function selectedInEditor(folder: WorkspaceFolder | undefined): Promise<string | undefined> {
  const extension = extensions.getExtension<unknown>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    const api = await withDeadline(Promise.resolve(extension.activate()), EDITOR_DEADLINE_MS);
    if (!isPythonApi(api)) return undefined;
    const environment = await withDeadline(
      api.environments.resolveEnvironment(api.environments.getActiveEnvironmentPath(folder?.uri)),
      EDITOR_DEADLINE_MS,
    );
    return environment?.executable.uri?.fsPath;
  } catch {
    return undefined; // the next candidate will do
  }
}

/** The part of the Python extension's public API that is used here. */
interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource: unknown): unknown;
    resolveEnvironment(
      path: unknown,
    ): Promise<{ readonly executable: { readonly uri?: { readonly fsPath: string } } } | undefined>;
  };
}

function isPythonApi(value: unknown): value is PythonApi {
  if (typeof value !== "object" || value === null || !("environments" in value)) return false;
  const { environments } = value;
  return (
    typeof environments === "object" &&
    environments !== null &&
    "getActiveEnvironmentPath" in environments &&
    "resolveEnvironment" in environments
  );
}

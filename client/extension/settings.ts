/** What the user has set; read anew each time, since it may differ from folder to folder. */

import { workspace, type ConfigurationScope } from "vscode";

export type Trace = "off" | "messages" | "verbose";

export interface Settings {
  readonly enabled: boolean;
  /** Path of a Python that runs the server; empty for the one found. */
  readonly interpreter: string;
  /** Slugs of rules that pause the program before the fault, or `all`. */
  readonly pauseOn: readonly string[];
  readonly openPanel: "atFirstStop" | "never";
  readonly trace: Trace;
}

/** The settings that hold for a folder, or for the window. Values of the wrong type count as not set. */
export function readSettings(scope?: ConfigurationScope): Settings {
  const section = workspace.getConfiguration("tapelens", scope);
  const pauseOn = section.get<unknown>("pauseOn");
  const trace = section.get<unknown>("trace");
  const interpreter = section.get<unknown>("interpreter");
  return {
    enabled: section.get<unknown>("enabled") !== false,
    interpreter: typeof interpreter === "string" ? interpreter.trim() : "",
    pauseOn: rulesOf(pauseOn),
    openPanel: section.get<unknown>("openPanel") === "never" ? "never" : "atFirstStop",
    trace: trace === "messages" || trace === "verbose" ? trace : "off",
  };
}

function rulesOf(value: unknown): readonly string[] {
  if (value === "all") return ["all"];
  return Array.isArray(value) ? value.filter((rule): rule is string => typeof rule === "string") : [];
}

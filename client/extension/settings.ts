/** What the user has set; read anew each time, since it may differ from folder to folder. */

import { workspace, type ConfigurationScope } from "vscode";

export type Trace = "off" | "messages" | "verbose";

export type Lines = "auto" | "every_line" | "off";

export interface Settings {
  readonly enabled: boolean;
  /** Path of a Python that runs the server; empty for the one found. */
  readonly interpreter: string;
  /** Slugs of rules that pause the program before the fault, or `all`. */
  readonly pauseOn: readonly string[];
  /** How finely the lines that made each node are noted. */
  readonly lines: Lines;
  /** Cards for tensors in the debugger's own views. */
  readonly cards: boolean;
  /** Look for misuse in the source of open files. */
  readonly lint: boolean;
  readonly openPanel: "atFirstStop" | "never";
  readonly trace: Trace;
}

/** The settings that hold for a folder, or for the window. Values of the wrong type count as not set. */
export function readSettings(scope?: ConfigurationScope): Settings {
  const section = workspace.getConfiguration("tapelens", scope);
  const pauseOn = section.get<unknown>("pauseOn");
  const lines = section.get<unknown>("lines");
  const trace = section.get<unknown>("trace");
  const interpreter = section.get<unknown>("interpreter");
  return {
    enabled: section.get<unknown>("enabled") !== false,
    interpreter: typeof interpreter === "string" ? interpreter.trim() : "",
    pauseOn: rulesOf(pauseOn),
    lines: lines === "every_line" || lines === "off" ? lines : "auto",
    cards: section.get<unknown>("cards") !== false,
    lint: section.get<unknown>("lint") !== false,
    openPanel: section.get<unknown>("openPanel") === "never" ? "never" : "atFirstStop",
    trace: trace === "messages" || trace === "verbose" ? trace : "off",
  };
}

function rulesOf(value: unknown): readonly string[] {
  if (value === "all") return ["all"];
  return Array.isArray(value) ? value.filter((rule): rule is string => typeof rule === "string") : [];
}

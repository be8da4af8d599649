import type { Number as WireNumber, Site } from "../../protocol/wire";

const MINUS = "\u2212";
const LITERAL_ELEMENTS = 6; // a tensor this small is shown by its elements
const FLOW_LENGTH = 16; // characters of a gradient's elements in a row or on an edge
const KILO = 1024;

/** Numbers as they were read from one tensor. */
export interface Value {
  readonly shape: readonly number[] | null;
  readonly count: number;
  readonly norm: WireNumber;
  readonly minimum: WireNumber;
  readonly maximum: WireNumber;
  readonly mean: WireNumber;
  readonly nan: number;
  readonly inf: number;
  readonly first: readonly WireNumber[];
}

export type NumberStyle = "float" | "integer" | "boolean";

/** Four significant digits, a true minus, PyTorch's words for what is not finite. */
export function formatNumber(value: WireNumber, style: NumberStyle = "integer"): string {
  if (value === "nan") return "NaN";
  if (value === "inf") return "inf";
  if (value === "-inf") return `${MINUS}inf`;
  if (style === "boolean") return value === 0 ? "False" : "True";
  const size = Math.abs(value);
  const sign = value < 0 ? MINUS : "";
  if (size !== 0 && (size >= 1e6 || size < 1e-3)) {
    const [mantissa = "0", exponent = "0"] = size.toExponential(2).split("e");
    return `${sign}${trimZeros(mantissa)}e${exponent.replace("+", "").replace("-", MINUS)}`;
  }
  if (Number.isInteger(size)) return `${sign}${size}${style === "float" ? ".0" : ""}`;
  return sign + trimZeros(size >= 1000 ? size.toFixed(1) : size.toPrecision(4));
}

function trimZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/0+$/, "").replace(/\.$/, "") : digits;
}

/** How a dtype's numbers are written. */
export function styleOf(dtype: string): NumberStyle {
  if (dtype === "bool") return "boolean";
  return /^(float|bfloat|double|half|complex)/.test(dtype) ? "float" : "integer";
}

/** Whether the tensor is one number. */
export function isScalar(value: Value): boolean {
  return value.count === 1 && value.first.length === 1;
}

/** All elements as nested lists, or null when they are too many to read at a glance. */
export function formatElements(value: Value, style: NumberStyle = "float"): string | null {
  if (value.count === 0 || value.count > LITERAL_ELEMENTS || value.first.length < value.count) return null;
  const words = value.first.map((element) => formatNumber(element, style));
  return nest(words, value.shape ?? [value.count]);
}

function nest(words: readonly string[], shape: readonly number[]): string {
  const [size, ...rest] = shape;
  if (size === undefined) return words[0] ?? "";
  const stride = words.length / size;
  const parts = Array.from({ length: size }, (_, part) =>
    nest(words.slice(part * stride, (part + 1) * stride), rest),
  );
  return `[${parts.join(", ")}]`;
}

/** Elements when they are few, else the norm, in bars where space is short; what is not finite is said first. */
export function formatValue(value: Value, style: NumberStyle = "float", longest = Infinity): string {
  const elements = formatElements(value, style);
  if (elements !== null && elements.length <= longest) return elements;
  if (value.nan > 0) return `NaN in ${formatCount(value.nan)} of ${formatCount(value.count)}`;
  if (value.inf > 0) return `inf in ${formatCount(value.inf)} of ${formatCount(value.count)}`;
  const norm = formatNumber(value.norm);
  return longest === Infinity ? `norm ${norm}` : `\u2016${norm}\u2016`;
}

/** A gradient on an edge: the bare number of a scalar, else its size. */
export function formatFlow(value: Value, longest = FLOW_LENGTH): string {
  if (value.nan > 0)
    return value.count === 1 ? "NaN" : `NaN ${formatCount(value.nan)} of ${formatCount(value.count)}`;
  if (value.inf > 0 && value.count > 1) return `inf ${formatCount(value.inf)} of ${formatCount(value.count)}`;
  const elements = formatElements(value, "integer");
  if (elements !== null && elements.length <= longest) return elements;
  const norm = formatNumber(value.norm);
  return longest < FLOW_LENGTH ? `\u2016${norm}\u2016` : `‖g‖ ${norm}`;
}

export function isFinite(value: Value): boolean {
  return value.nan === 0 && value.inf === 0;
}

export function formatShape(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0] ?? 0},)` : `(${shape.join(", ")})`;
}

/** Thousands set apart as in 5,602. */
export function formatCount(count: number): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** ``1 operation``, ``2 operations``. */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= KILO;
    unit += 1;
  }
  const digits = unit === 0 || size >= 100 ? size.toFixed(0) : size.toFixed(1);
  return `${digits} ${units[unit] ?? ""}`;
}

/** Microseconds as a person reads them. */
export function formatDuration(microseconds: number): string {
  if (microseconds < 950) return "under 1 ms";
  if (microseconds < 999_500) return `${Math.round(microseconds / 1000)} ms`;
  return `${(microseconds / 1_000_000).toFixed(1)} s`;
}

export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

/** ``line 5`` in the file at hand, ``model.py:23`` elsewhere. */
export function formatSite(site: Site, here: string | null): string {
  return site.path === here ? `line ${site.line}` : `${fileName(site.path)}:${site.line}`;
}

/** ``AddBackward0`` as ``Add``, where space is short. */
export function shortOperation(name: string): string {
  return name.replace(/Backward\d*$/, "") || name;
}

export function ordinal(place: number): string {
  const tail = place % 100;
  const suffix = tail >= 11 && tail <= 13 ? "th" : (["th", "st", "nd", "rd"][place % 10] ?? "th");
  return `${place}${suffix}`;
}

/** At most this many characters, the last of them an ellipsis where something is left out. */
export function shorten(text: string, most: number): string {
  const characters = Array.from(text.length > most * 4 ? text.slice(0, most * 4) : text);
  return characters.length <= most && text.length <= most * 4
    ? text
    : `${characters.slice(0, most - 1).join("")}…`;
}

/** Text with its backticked stretches told apart. */
export function splitCode(text: string): readonly { readonly code: boolean; readonly text: string }[] {
  return text
    .split("`")
    .map((part, index) => ({ code: index % 2 === 1, text: part }))
    .filter((part) => part.text !== "");
}

import type { Font, Measure } from "../model/drawing";

const SIZES: Readonly<Record<Font, readonly [size: string, family: string]>> = {
  code: ["12px", "--font-code"],
  small: ["11px", "--font"],
};

let context: CanvasRenderingContext2D | null = null;
let measured = new Map<string, number>();

/** Widths as this page's fonts have them. */
export const measureText: Measure = (text, font) => {
  const key = `${font}:${text}`;
  const known = measured.get(key);
  if (known !== undefined) return known;
  context ??= document.createElement("canvas").getContext("2d");
  if (context === null) return text.length * 7.5;
  const [size, family] = SIZES[font];
  const families = getComputedStyle(document.documentElement).getPropertyValue(family) || "monospace";
  context.font = `${size} ${families}`;
  const width = context.measureText(text).width;
  if (measured.size > 20_000) measured = new Map();
  measured.set(key, width);
  return width;
};

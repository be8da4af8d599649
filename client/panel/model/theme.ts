/** Red, green and blue from 0 to 255. */
export type Colour = readonly [number, number, number];

const TEXT_CONTRAST = 4.5;
const STEPS = 20;
const WHITE: Colour = [255, 255, 255];
const BLACK: Colour = [0, 0, 0];

/** A colour as style sheets write it in hexadecimal or rgb(); null for anything else. */
export function parseColour(text: string): Colour | null {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])[0-9a-f]?$/i.exec(text.trim());
  if (short !== null) return triple(short, (digit) => parseInt(digit + digit, 16));
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})(?:[0-9a-f]{2})?$/i.exec(text.trim());
  if (long !== null) return triple(long, (digits) => parseInt(digits, 16));
  const numbers = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(text.trim());
  return numbers === null ? null : triple(numbers, Number);
}

function triple(match: RegExpExecArray, read: (digits: string) => number): Colour {
  return [read(match[1] ?? "0"), read(match[2] ?? "0"), read(match[3] ?? "0")];
}

/** WCAG's contrast ratio, from 1 to 21. */
export function contrast(one: Colour, other: Colour): number {
  const [light, dark] = [luminance(one), luminance(other)].toSorted((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(colour: Colour): number {
  const [red, green, blue] = colour.map((channel) => {
    const share = channel / 255;
    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * (red ?? 0) + 0.7152 * (green ?? 0) + 0.0722 * (blue ?? 0);
}

export function mix(one: Colour, other: Colour, share: number): Colour {
  const blend = (channel: 0 | 1 | 2): number =>
    Math.round(one[channel] + (other[channel] - one[channel]) * share);
  return [blend(0), blend(1), blend(2)];
}

/**
 * The colour, moved until it reads as text on every one of the grounds: towards another, or where a theme's
 * own foreground does not read either, towards black or white.
 */
export function readable(
  colour: Colour,
  toward: Colour,
  grounds: readonly Colour[],
  ratio: number = TEXT_CONTRAST,
): Colour {
  const reads = (mixed: Colour): boolean => grounds.every((ground) => contrast(mixed, ground) >= ratio);
  const end = grounds.every((ground) => luminance(ground) < 0.18) ? WHITE : BLACK;
  const target = reads(toward) ? toward : end;
  for (let step = 0; step <= STEPS; step += 1) {
    const mixed = mix(colour, target, step / STEPS);
    if (reads(mixed)) return mixed;
  }
  return end;
}

export function toHex(colour: Colour): string {
  return `#${colour.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}

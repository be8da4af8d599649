export interface Part {
  readonly code: boolean;
  readonly text: string;
}

// a call, a dotted name, a keyword argument, or a stretch in backticks
const CODE =
  /`[^`]+`|[A-Za-z_][\w.[\]"']*\([^()\n]*\)|(?<![\w.])\.?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+|(?<!\w)\.[a-z_]+\b(?:\(\))?|\b[a-z_]+=\w+|\b[A-Za-z_]\w*\b/g;
const NOT_CODE = new Set(["a", "A", "I", "in", "is", "it", "to", "no", "on", "so", "as", "and", "the", "of"]);

/** A sentence cut into code and prose; plain words are code only where they are one of the names. */
export function markCode(text: string, names: ReadonlySet<string>): readonly Part[] {
  const parts: Part[] = [];
  let done = 0;
  for (const match of text.matchAll(CODE)) {
    const found = match[0];
    const plainWord = /^\w+$/.test(found);
    if (plainWord && (!names.has(found) || NOT_CODE.has(found))) continue;
    if (match.index > done) parts.push({ code: false, text: text.slice(done, match.index) });
    parts.push({ code: true, text: found.startsWith("`") ? found.slice(1, -1) : found });
    done = match.index + found.length;
  }
  if (done < text.length) parts.push({ code: false, text: text.slice(done) });
  return parts;
}

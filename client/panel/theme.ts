import { parseColour, readable, toHex, type Colour } from "./model/theme";

interface Text {
  readonly ours: string;
  readonly theirs: string;
  readonly grounds: readonly string[];
  readonly ratio: number;
}

const PAGE = ["--vscode-editor-background", "--vscode-sideBar-background"];
const RATIO = 4.5;
const RATIO_ON_TINTS = 5.6; // of what also stands on chips and notes, which are tinted with it

/** Our name of each colour of text, and the editor's variable that it comes from. */
const TEXTS: readonly Text[] = [
  { ours: "--text", theirs: "--vscode-foreground", grounds: PAGE, ratio: RATIO_ON_TINTS },
  { ours: "--strong", theirs: "--vscode-editor-foreground", grounds: PAGE, ratio: RATIO_ON_TINTS },
  { ours: "--muted", theirs: "--vscode-descriptionForeground", grounds: PAGE, ratio: RATIO_ON_TINTS },
  { ours: "--kept", theirs: "--vscode-charts-blue", grounds: PAGE, ratio: RATIO },
  { ours: "--flow", theirs: "--vscode-charts-orange", grounds: PAGE, ratio: RATIO },
  { ours: "--leaf", theirs: "--vscode-charts-green", grounds: PAGE, ratio: RATIO },
  { ours: "--broken", theirs: "--vscode-editorError-foreground", grounds: PAGE, ratio: RATIO },
  { ours: "--link", theirs: "--vscode-textLink-foreground", grounds: PAGE, ratio: RATIO },
  {
    ours: "--row-text",
    theirs: "--vscode-list-activeSelectionForeground",
    grounds: ["--vscode-list-activeSelectionBackground"],
    ratio: RATIO,
  },
  {
    ours: "--button-text",
    theirs: "--vscode-button-secondaryForeground",
    grounds: ["--vscode-button-secondaryBackground"],
    ratio: RATIO,
  },
];

/**
 * Makes the editor's colours readable, now and whenever its theme changes.
 *
 * Themes choose charts' colours for areas, not for text: each is moved towards the foreground until it has
 * WCAG's contrast on both grounds. In a browser there is no variable to read, and the style sheet's own stand.
 */
export function followTheme(): void {
  adapt();
  const observer = new MutationObserver(adapt);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style", "class"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class"] });
}

function adapt(): void {
  const root = document.documentElement;
  const styles = getComputedStyle(root);
  const read = (name: string): Colour | null => parseColour(styles.getPropertyValue(name));
  const foreground = read("--vscode-editor-foreground") ?? read("--vscode-foreground");
  if (foreground === null) return;
  for (const { ours, theirs, grounds, ratio } of TEXTS) {
    const colour = read(theirs);
    const behind = grounds.map(read).filter((ground) => ground !== null);
    if (colour === null || behind.length === 0) continue;
    const text = toHex(readable(colour, foreground, behind, ratio));
    if (root.style.getPropertyValue(ours) !== text) root.style.setProperty(ours, text);
  }
}

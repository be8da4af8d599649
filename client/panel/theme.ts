import { parseColour, readable, toHex, type Colour } from "./model/theme";

/** Our name of each colour of text, and the editor's variable that it comes from. */
const TEXTS = {
  "--kept": "--vscode-charts-blue",
  "--flow": "--vscode-charts-orange",
  "--leaf": "--vscode-charts-green",
  "--broken": "--vscode-editorError-foreground",
  "--link": "--vscode-textLink-foreground",
  "--muted": "--vscode-descriptionForeground",
} as const;

const GROUNDS = ["--vscode-editor-background", "--vscode-sideBar-background"] as const;

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
  const grounds = GROUNDS.map(read).filter((colour) => colour !== null);
  for (const [ours, theirs] of Object.entries(TEXTS)) {
    const colour = read(theirs);
    if (colour === null || foreground === null || grounds.length === 0) continue;
    const text = toHex(readable(colour, foreground, grounds));
    if (root.style.getPropertyValue(ours) !== text) root.style.setProperty(ours, text);
  }
}

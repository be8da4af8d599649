import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Control, Site } from "../../protocol/wire";
import type { Intent } from "../model/state";

/** What a view can do. */
export interface Actions {
  readonly dispatch: (intent: Intent) => void;
  readonly control: (session: string, action: Control["action"]) => void;
  /** Show a line in the editor; null where there is none. */
  readonly open: ((site: Site) => void) | null;
  /** Ask for the gradients of the backward foreseen at a session's stop. */
  readonly preview: (session: string) => void;
  readonly retry: () => void;
}

export const ActionsContext = createContext<Actions>({
  dispatch: () => undefined,
  control: () => undefined,
  open: null,
  preview: () => undefined,
  retry: () => undefined,
});

export function useActions(): Actions {
  return useContext(ActionsContext);
}

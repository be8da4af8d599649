import type { PanelStop } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import type { Looked } from "../model/selection";
import type { Model, SessionRecord } from "../model/state";
import type { Viewport } from "./sizes";

/** All that the views of one stop need. */
export interface Scene {
  readonly model: Model;
  readonly record: SessionRecord;
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
  readonly viewport: Viewport;
}

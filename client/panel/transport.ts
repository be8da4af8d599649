import { WIRE_VERSION, type FromPanel, type ToPanel } from "../protocol/wire";

/** How the page speaks with its server, in the editor or over a socket. */
export interface Transport {
  /** A browser has no editor to show a line in. */
  readonly opensSource: boolean;
  /** Begin; the listener hears every message and the connection's fate. */
  start(listener: Listener): void;
  send(message: FromPanel): void;
  /** Do not wait for the next attempt. */
  retry(): void;
  /** What the page keeps over a reload; null for nothing. */
  kept(): unknown;
  keep(state: unknown): void;
}

export interface Listener {
  readonly onMessage: (message: ToPanel) => void;
  readonly onConnecting: () => void;
  readonly onLost: (retryAtMs: number) => void;
}

const RETRY_FIRST_MS = 500;
const RETRY_MOST_MS = 15_000;
const STORAGE_KEY = "tapelens";

const KINDS: ReadonlySet<string> = new Set<ToPanel["kind"]>([
  "welcome",
  "session",
  "stop",
  "stop_gradients",
  "stop_preview",
  "stop_tape",
  "session_finding",
  "session_uncaught",
  "refused",
]);

/** A message of the server's, or null for what is none: both sides ship together, the kind tells. */
export function readMessage(data: unknown): ToPanel | null {
  if (typeof data !== "string") return null;
  try {
    const value: unknown = JSON.parse(data);
    return isToPanel(value) ? value : null;
  } catch {
    return null;
  }
}

function isToPanel(value: unknown): value is ToPanel {
  return (
    typeof value === "object" &&
    value !== null &&
    "kind" in value &&
    typeof value.kind === "string" &&
    KINDS.has(value.kind)
  );
}

/** How long to wait before the attempt of this number, from 0. */
export function backoffMs(attempt: number): number {
  return Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** attempt);
}

/** What an editor's webview gives its page. */
interface EditorApi {
  postMessage(message: string): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  interface Window {
    readonly acquireVsCodeApi?: () => EditorApi;
  }
}

export function transportOf(page: Window): Transport {
  return page.acquireVsCodeApi === undefined
    ? new SocketTransport(page)
    : new EditorTransport(page, page.acquireVsCodeApi());
}

class EditorTransport implements Transport {
  readonly opensSource = true;

  constructor(
    private readonly page: Window,
    private readonly api: EditorApi,
  ) {}

  start(listener: Listener): void {
    this.page.addEventListener("message", (event: MessageEvent<unknown>) => {
      const message = readMessage(event.data);
      if (message !== null) listener.onMessage(message);
    });
    this.retry();
  }

  send(message: FromPanel): void {
    this.api.postMessage(JSON.stringify(message));
  }

  retry(): void {
    this.send({ kind: "panel_hello", wire: WIRE_VERSION, token: "" });
  }

  kept(): unknown {
    return this.api.getState();
  }

  keep(state: unknown): void {
    this.api.setState(state);
  }
}

class SocketTransport implements Transport {
  readonly opensSource = false;
  private socket: WebSocket | null = null;
  private listener: Listener | null = null;
  private attempt = 0;
  private timer: number | undefined;

  constructor(private readonly page: Window) {}

  start(listener: Listener): void {
    this.listener = listener;
    this.connect();
  }

  send(message: FromPanel): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  retry(): void {
    this.page.clearTimeout(this.timer);
    this.connect();
  }

  kept(): unknown {
    const text = this.page.sessionStorage.getItem(STORAGE_KEY);
    return text === null ? null : JSON.parse(text);
  }

  keep(state: unknown): void {
    this.page.sessionStorage.setItem(STORAGE_KEY, JSON.stringify(state));
  }

  private connect(): void {
    this.listener?.onConnecting();
    const address = new URL("socket", this.page.location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const token = this.page.location.pathname.split("/")[1] ?? "";
    const socket = new WebSocket(address);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.send({ kind: "panel_hello", wire: WIRE_VERSION, token });
    });
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      this.attempt = 0;
      const message = readMessage(event.data);
      if (message !== null) this.listener?.onMessage(message);
    });
    socket.addEventListener("close", () => {
      if (this.socket !== socket) return;
      const wait = backoffMs(this.attempt);
      this.attempt += 1;
      this.listener?.onLost(Date.now() + wait);
      this.timer = this.page.setTimeout(() => {
        this.connect();
      }, wait);
    });
  }
}

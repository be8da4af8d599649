import { render, type JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useReducer } from "preact/hooks";

import { keepable, START, next, withKept } from "./model/state";
import { followTheme } from "./theme";
import { transportOf, type Transport } from "./transport";
import { ActionsContext, type Actions } from "./views/context";
import { Panel } from "./views/Panel";

function App({ transport }: { readonly transport: Transport }): JSX.Element {
  const [model, dispatch] = useReducer(next, transport.kept(), (kept) => withKept(START, kept));

  useEffect(() => {
    transport.start({
      onMessage: dispatch,
      onConnecting: () => {
        dispatch({ kind: "connecting" });
      },
      onLost: (retryAtMs) => {
        dispatch({ kind: "disconnected", retryAtMs });
      },
    });
  }, [transport]);

  const kept = keepable(model);
  useLayoutEffect(() => {
    transport.keep(kept); // before a reload can come between
  }, [transport, JSON.stringify(kept)]);

  const actions = useMemo(
    (): Actions => ({
      dispatch,
      control: (session, action) => {
        transport.send({ kind: "control", session, action });
      },
      open: transport.opensSource
        ? ({ path, line }) => {
            transport.send({ kind: "open_source", path, line });
          }
        : null,
      preview: (session) => {
        transport.send({ kind: "ask_preview", session });
      },
      retry: () => {
        transport.retry();
      },
    }),
    [transport],
  );

  return (
    <ActionsContext.Provider value={actions}>
      <Panel model={model} />
    </ActionsContext.Provider>
  );
}

const place = document.getElementById("panel");
if (place !== null) {
  followTheme();
  render(<App transport={transportOf(window)} />, place);
}

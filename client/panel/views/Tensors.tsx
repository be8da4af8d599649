import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import { formatShape, shorten } from "../model/format";
import { selectTensor, type Looked } from "../model/selection";
import { frameTensors, tensorName, type TensorRow } from "../model/snapshot";
import { effectOf, gradText, kindText, seenText, toneOf, valueOrShape } from "../model/wording";
import { useActions } from "./context";
import { rowAfterKey } from "./keys";

const PAGE = 8;
const CELL_LENGTH = 13; // characters
const NARROW_CELL_LENGTH = 9;

/** The tensors that the frame's names reach. */
export function Tensors({
  stop,
  flow,
  looked,
  hovered,
  narrow,
}: {
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked | null;
  readonly hovered: Looked | null;
  readonly narrow: boolean;
}): JSX.Element {
  const { dispatch, open } = useActions();
  const { snapshot } = stop;
  const tensors = frameTensors(snapshot);
  if (tensors.length === 0) return <p class="muted empty-list">No name of this frame reaches a tensor.</p>;
  const current = tensors.findIndex((tensor) => tensor.row === looked?.tensor?.row);
  const select = (tensor: TensorRow | undefined): void => {
    if (tensor !== undefined) dispatch({ kind: "select", selection: selectTensor(snapshot, tensor) });
  };
  const last = flow === null ? "backward will" : flow.previewed ? "previewed" : "gradient seen";
  const left = snapshot.left_out.filter((out) => out.what === "tensors");
  return (
    <>
      <table
        class={narrow ? "tensors tensors-narrow" : "tensors"}
        role="grid"
        aria-label="Tensors of this frame"
        aria-activedescendant={current >= 0 ? `tensor-${tensors[current]?.row ?? 0}` : undefined}
        tabIndex={0}
        onKeyDown={(event) => {
          const site = looked?.node?.site;
          if (event.key === "Enter" && site != null) open?.(site);
          const target = rowAfterKey(event.key, current, tensors.length, PAGE);
          if (target === null) return;
          event.preventDefault();
          select(tensors[target]);
        }}
      >
        <thead>
          <tr>
            <th scope="col">name</th>
            <th scope="col" class="number">
              value
            </th>
            {!narrow && <th scope="col">kind</th>}
            <th scope="col">.grad</th>
            <th scope="col">
              {narrow && flow !== null && !flow.previewed ? "seen" : narrow ? "will" : last}
            </th>
          </tr>
        </thead>
        <tbody>
          {tensors.map((tensor) => (
            <TensorLine
              key={tensor.row}
              stop={stop}
              tensor={tensor}
              flow={flow}
              selected={tensor.row === looked?.tensor?.row}
              hovered={tensor.row === hovered?.tensor?.row}
              narrow={narrow}
              onSelect={() => {
                select(tensor);
              }}
            />
          ))}
        </tbody>
      </table>
      {left.map((out) => (
        <p key={out.why} class="muted left-out">
          {out.count} more not listed: {out.why}
        </p>
      ))}
    </>
  );
}

function TensorLine({
  stop,
  tensor,
  flow,
  selected,
  hovered,
  narrow,
  onSelect,
}: {
  readonly stop: PanelStop;
  readonly tensor: TensorRow;
  readonly flow: Flow | null;
  readonly selected: boolean;
  readonly hovered: boolean;
  readonly narrow: boolean;
  readonly onSelect: () => void;
}): JSX.Element {
  const { dispatch } = useActions();
  const name = tensorName(tensor) ?? "unnamed";
  const longest = narrow ? NARROW_CELL_LENGTH : CELL_LENGTH;
  return (
    <tr
      id={`tensor-${tensor.row}`}
      class={selected ? "selected" : hovered ? "hovered" : ""}
      aria-selected={selected}
      onClick={onSelect}
      onMouseEnter={() => {
        dispatch({ kind: "hover", selection: selectTensor(stop.snapshot, tensor) });
      }}
      onMouseLeave={() => {
        dispatch({ kind: "hover", selection: null });
      }}
    >
      <td class={`name tone-${toneOf(tensor)}`} title={tensor.names.join(" = ")}>
        {shorten(name, 200)}
      </td>
      <td
        class="number"
        title={tensor.shape === null ? tensor.dtype : `${tensor.dtype} ${formatShape(tensor.shape)}`}
      >
        {valueOrShape(tensor, longest)}
      </td>
      {!narrow && <td class="kind">{kindText(tensor)}</td>}
      <td class={tensor.grad === "held" ? "code flowing" : "code"}>{gradText(tensor, longest)}</td>
      <td class="code">
        {flow === null ? (
          <EffectText stop={stop} tensor={tensor} />
        ) : (
          <span class="flowing">{seenText(stop.snapshot, tensor, flow, longest) ?? ""}</span>
        )}
      </td>
    </tr>
  );
}

function EffectText({ stop, tensor }: { readonly stop: PanelStop; readonly tensor: TensorRow }): JSX.Element {
  if (stop.snapshot.nodes.key.length === 0) return <span class="muted">–</span>;
  const { sign, word } = effectOf(stop.snapshot, tensor);
  return (
    <span class="effect">
      <span class="sign">{sign}</span> <span class="effect-word">{word}</span>
    </span>
  );
}

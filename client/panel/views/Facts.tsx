import type { ComponentChildren, JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import {
  formatBytes,
  formatElements,
  formatNumber,
  formatShape,
  formatValue,
  styleOf,
  type Value,
} from "../model/format";
import { tensorAt, tensorName, type NodeRow, type TensorRow } from "../model/snapshot";
import { rawLine } from "../model/strip";
import { effectOf, gradText, madeAt, seenText } from "../model/wording";
import { Place } from "./parts";
import { SavedLines } from "./SavedLines";

const WORTH_SAYING = 1024; // bytes

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What is known of a tensor, a row each. */
export function TensorFacts({
  stop,
  flow,
  tensor,
  node,
}: {
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly tensor: TensorRow;
  readonly node: NodeRow | null;
}): JSX.Element {
  const { snapshot } = stop;
  const seen = flow === null ? null : seenText(snapshot, tensor, flow, Infinity);
  const base = tensor.base === null ? null : tensorAt(snapshot, tensor.base);
  const effect = effectOf(snapshot, tensor);
  const type = [
    tensor.dtype,
    tensor.shape === null ? "" : `shape ${formatShape(tensor.shape)}`,
    tensor.device === "cpu" ? "" : tensor.device,
  ];
  return (
    <>
      <Fact name="value">
        {tensor.value !== null && (
          <>
            <span class="code">
              {formatElements(tensor.value, styleOf(tensor.dtype)) ?? formatValue(tensor.value)}
            </span>
            <span class="muted"> · </span>
          </>
        )}
        <span class="code muted">{type.filter((part) => part !== "").join(", ")}</span>
        <Spread value={tensor.value} />
      </Fact>
      {tensor.names.length > 1 && (
        <Fact name="also">
          <span class="code">{tensor.names.slice(1).join(", ")}</span>
        </Fact>
      )}
      {tensor.gradFnName !== null && (
        <Fact name="grad_fn">
          <span class="code">{tensor.gradFnName}</span>
          <MadeFrom stop={stop} node={node} />
        </Fact>
      )}
      <Fact name=".grad">
        <span class={tensor.grad === "held" ? "code flowing" : "code"}>{gradText(tensor, Infinity)}</span>
        <Spread value={tensor.gradValue} />
      </Fact>
      {seen !== null && (
        <Fact name="gradient seen">
          <span class="code flowing">{seen}</span>
          <span class="muted">{seenNote(stop, tensor, seen)}</span>
        </Fact>
      )}
      {flow === null && tensor.requiresGrad === true && node !== null && (
        <Fact name="backward will">
          <span class="code sign">{effect.sign}</span> {effectSentence(effect.word)}
        </Fact>
      )}
      {tensor.version !== null && (
        <Fact name="version">
          <span class="code">{tensor.version}</span>
          <span class="muted">
            {tensor.version === 0
              ? " never written in place"
              : ` written in place ${tensor.version === 1 ? "once" : `${tensor.version} times`}`}
          </span>
        </Fact>
      )}
      {base !== null && (
        <Fact name="a view of">
          <span class="code">{tensorName(base) ?? "a tensor without a name"}</span>
        </Fact>
      )}
      {tensor.module !== null && (
        <Fact name="module">
          <span class="code">{tensor.module}</span>
        </Fact>
      )}
      {tensor.optimizer !== null && (
        <Fact name="optimizer">
          <span class="code">{tensor.optimizer}</span>
        </Fact>
      )}
      {tensor.storageBytes !== null && tensor.storageBytes >= WORTH_SAYING && (
        <Fact name="memory">
          <span class="code">{formatBytes(tensor.storageBytes)}</span>
        </Fact>
      )}
      {tensor.notShown !== null && <Fact name="not shown">{tensor.notShown}</Fact>}
    </>
  );
}

/** What became of the gradient that passed. */
function seenNote(stop: PanelStop, tensor: TensorRow, seen: string): string {
  if (tensor.isLeaf === true) return / [+\u2212] /.test(seen) ? " added up" : "";
  if (tensor.retainsGrad === true) return " kept: retain_grad()";
  return tensor.row === stop.snapshot.backward.root ? " where backward began" : " passed on, not kept";
}

function effectSentence(word: string): string {
  switch (word) {
    case "new":
      return "fill .grad for the first time";
    case "added":
      return "add to .grad";
    case "dropped":
      return "pass its gradient on and keep none";
    case "untouched":
      return "leave it alone";
    case "starts it":
      return "start here";
    default:
      return "not known";
  }
}

/** Of a tensor too large to be written out: where its numbers lie. */
function Spread({ value }: { readonly value: Value | null }): JSX.Element | null {
  if (value === null || formatElements(value) !== null) return null;
  const parts = [
    `${formatNumber(value.minimum)} to ${formatNumber(value.maximum)}`,
    `mean ${formatNumber(value.mean)}`,
  ];
  if (value.nan > 0) parts.push(`${value.nan} NaN`);
  if (value.inf > 0) parts.push(`${value.inf} inf`);
  return <div class="spread muted">{parts.join(", ")}</div>;
}

function MadeFrom({
  stop,
  node,
}: {
  readonly stop: PanelStop;
  readonly node: NodeRow | null;
}): JSX.Element | null {
  const site = node?.site;
  if (site?.path !== stop.source.path) return null;
  const code = rawLine(stop, site.line).trim();
  return code === "" ? null : (
    <>
      <span class="muted"> from </span>
      <span class="code">{code}</span>
    </>
  );
}

/** What is known of a node; ``alone`` without a tensor, whose rows would say the rest. */
export function NodeFacts({
  stop,
  flow,
  node,
  alone,
}: {
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly node: NodeRow;
  readonly alone: boolean;
}): JSX.Element {
  const { snapshot } = stop;
  const arrived = flow?.arrivedAnywhere(node.key);
  return (
    <>
      {alone && node.shape !== null && (
        <Fact name="output">
          <span class="code muted">
            {[node.dtype, `shape ${formatShape(node.shape)}`].filter((part) => part !== "").join(", ")}
          </span>
        </Fact>
      )}
      {alone && <Made stop={stop} node={node} />}
      {alone && arrived != null && (
        <Fact name="gradient seen">
          <span class="code flowing">{formatValue(arrived)}</span>
        </Fact>
      )}
      {!node.isLeaf && (
        <Fact name="saved">
          <SavedLines snapshot={snapshot} node={node} />
        </Fact>
      )}
      {node.module !== null && (
        <Fact name="made in">
          <span class="code">{node.module}</span>
        </Fact>
      )}
      {node.custom !== null && (
        <Fact name="written in">
          <Place site={node.custom} here={snapshot.site.path} />
          <span class="muted"> a custom autograd.Function</span>
        </Fact>
      )}
      {alone && node.sequence !== null && (
        <Fact name="sequence">
          <span class="code">{node.sequence}</span>
        </Fact>
      )}
    </>
  );
}

function Made({ stop, node }: { readonly stop: PanelStop; readonly node: NodeRow }): JSX.Element | null {
  if (node.site === null) return null;
  const code = node.site.path === stop.source.path ? rawLine(stop, node.site.line).trim() : "";
  return (
    <Fact name={madeAt(stop.snapshot)}>
      <Place site={node.site} here={stop.snapshot.site.path} />
      {code !== "" && <span class="code"> {code}</span>}
    </Fact>
  );
}

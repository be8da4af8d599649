import type { ComponentChildren, JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import {
  formatBytes,
  formatElements,
  formatNumber,
  formatShape,
  formatSite,
  formatValue,
  plural,
  styleOf,
  type Value,
} from "../model/format";
import { siteOf, type Looked } from "../model/selection";
import { frameTensors, indexOf, tensorAt, tensorName, type NodeRow, type TensorRow } from "../model/snapshot";
import { rawLine } from "../model/strip";
import { effectOf, gradText, kindText, nodeSentence, seenText, toneOf } from "../model/wording";
import { Hooks } from "./Hooks";
import { Place, Sentence } from "./parts";
import { SavedLines } from "./SavedLines";

const WORTH_SAYING = 1024; // bytes

interface InspectorProps {
  readonly stop: PanelStop;
  readonly flow: Flow | null;
  readonly looked: Looked;
}

/** One tensor or node: a sentence first, then the facts. */
export function Inspector({ stop, flow, looked }: InspectorProps): JSX.Element {
  const { tensor, node } = looked;
  const name = tensor === null ? null : tensorName(tensor);
  const title = name ?? node?.name ?? "unnamed";
  const site = siteOf(looked);
  return (
    <article class="inspector" aria-label={`Details of ${title.slice(0, 200)}`}>
      <header class="inspector-head">
        <h2 class={`inspector-title tone-${tensor === null ? "plain" : toneOf(tensor)}`}>{title}</h2>
        <Chips stop={stop} looked={looked} named={name !== null} />
        {site !== null && (
          <span class="made-at">
            <Place site={site} here={null} label={`made at ${formatSite(site, stop.snapshot.site.path)}`} />
          </span>
        )}
      </header>
      <Card stop={stop} flow={flow} looked={looked} />
      <dl class="facts">
        {tensor !== null && <TensorFacts stop={stop} flow={flow} tensor={tensor} node={node} />}
        {node !== null && <NodeFacts stop={stop} flow={flow} node={node} alone={tensor === null} />}
      </dl>
      <Hooks snapshot={stop.snapshot} flow={flow} looked={looked} />
    </article>
  );
}

function Chips({
  stop,
  looked: { tensor, node },
  named,
}: {
  readonly stop: PanelStop;
  readonly looked: Looked;
  readonly named: boolean;
}): JSX.Element {
  const index = indexOf(stop.snapshot);
  const hooks =
    tensor === null
      ? node === null
        ? []
        : (index.hooksOfNode.get(node.row) ?? [])
      : (index.hooksOfTensor.get(tensor.row) ?? []);
  const words: string[] = [];
  if (tensor !== null && (named || tensor.isLeaf === true)) {
    words.push(kindText(tensor));
    if (tensor.requiresGrad === true) words.push("requires_grad");
    if (tensor.retainsGrad === true) words.push("retains_grad");
    if (tensor.isView === true) words.push("a view");
  }
  if (node !== null && tensor === null) words.push(node.isLeaf ? "leaf's end" : "operation");
  if (hooks.length > 0) words.push(plural(hooks.length, "hook"));
  return (
    <>
      {words.map((word) => (
        <span key={word} class="chip">
          {word}
        </span>
      ))}
    </>
  );
}

/** What a newcomer should read: the server's words for a tensor, ours for a node without one. */
function Card({ stop, flow, looked: { tensor, node } }: InspectorProps): JSX.Element | null {
  const names = new Set(frameTensors(stop.snapshot).flatMap((row) => row.names));
  const sentence = tensor === null ? undefined : stop.sentences.find((one) => one.tensor === tensor.row);
  if (sentence !== undefined) {
    const { root, chosen_by: chosenBy, will_raise: raises } = stop.snapshot.backward;
    const broken = raises !== null && chosenBy === "line" && root === sentence.tensor;
    return (
      <div class={broken ? "card card-broken" : "card"}>
        <h3>
          <Sentence text={sentence.title} names={names} />
        </h3>
        <p>
          <Sentence
            text={sentence.text}
            names={names}
            site={stop.snapshot.backward.will_raise?.freed_by ?? null}
          />
        </p>
        {sentence.advice !== "" && (
          <p class="advice">
            <Sentence text={sentence.advice} names={names} />
          </p>
        )}
      </div>
    );
  }
  if (node === null) return null;
  const worded = nodeSentence(stop.snapshot, node, flow);
  return (
    <div class="card">
      <h3>{worded.title}</h3>
      <p>{worded.text}</p>
    </div>
  );
}

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

function TensorFacts({
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

function NodeFacts({
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
    <Fact name="made at">
      <Place site={node.site} here={stop.snapshot.site.path} />
      {code !== "" && <span class="code"> {code}</span>}
    </Fact>
  );
}

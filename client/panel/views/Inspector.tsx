import type { JSX } from "preact";

import type { PanelStop } from "../../protocol/wire";
import type { Flow } from "../model/flow";
import { formatSite, plural } from "../model/format";
import { siteOf, type Looked } from "../model/selection";
import { frameTensors, indexOf, tensorName } from "../model/snapshot";
import { kindText, madeAt, nodeSentence, toneOf } from "../model/wording";
import { NodeFacts, TensorFacts } from "./Facts";
import { Hooks } from "./Hooks";
import { Place, Sentence } from "./parts";

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
            <Place
              site={site}
              here={null}
              label={`${madeAt(stop.snapshot)} ${formatSite(site, stop.snapshot.site.path)}`}
            />
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

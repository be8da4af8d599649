import type { JSX } from "preact";

import type { Finding, PanelStop } from "../../protocol/wire";
import type { SessionRecord } from "../model/state";
import { Icon, type IconName } from "./icons";
import { Place, Section, Sentence } from "./parts";

const NO_NAMES: ReadonlySet<string> = new Set();

/** What the rules said of this session; what is only foreseen, at the stop that foresees it. */
export function Findings({
  record,
  stop,
}: {
  readonly record: SessionRecord;
  readonly stop: PanelStop | null;
}): JSX.Element | null {
  const happened = record.findings.filter((finding) => !finding.foreseen);
  const foreseen = record.findings.filter(
    (finding) => finding.foreseen && finding.stop === stop?.snapshot.stop,
  );
  if (happened.length === 0 && foreseen.length === 0) return null;
  const here = stop?.snapshot.site.path ?? null;
  const newestFirst = happened.toSorted((one, other) => other.stop - one.stop);
  return (
    <Section id="findings" title="Findings" count={happened.length}>
      <ul class="findings">
        {[...foreseen, ...newestFirst].map((finding) => (
          <FindingItem
            key={`${finding.rule} ${finding.site.path} ${finding.site.line} ${String(finding.foreseen)}`}
            finding={finding}
            here={here}
          />
        ))}
      </ul>
    </Section>
  );
}

function FindingItem({
  finding,
  here,
}: {
  readonly finding: Finding;
  readonly here: string | null;
}): JSX.Element {
  return (
    <li class={finding.foreseen ? `finding foreseen ${finding.severity}` : `finding ${finding.severity}`}>
      <div class="finding-head">
        <Icon name={iconOf(finding)} />
        <strong>{finding.rule}</strong>
        {finding.foreseen && <span class="chip outline">foreseen</span>}
        {finding.count > 1 && !finding.foreseen && (
          <span class="badge" title={`seen ${finding.count} times here`}>
            ×{finding.count}
          </span>
        )}
        <span class="spacer" />
        <Place site={finding.site} here={here} />
      </div>
      <p>
        <Sentence text={finding.message} names={NO_NAMES} />
      </p>
      {finding.related.map((related) => (
        <p key={`${related.site.path}:${related.site.line}:${related.message}`} class="related">
          <Place site={related.site} here={here} /> <Sentence text={related.message} names={NO_NAMES} />
        </p>
      ))}
      {finding.facts.length > 0 && (
        <dl class="facts small">
          {finding.facts.map((fact) => (
            <div key={fact.name} class="fact-pair">
              <dt>{fact.name}</dt>
              <dd class="code">{fact.value}</dd>
            </div>
          ))}
        </dl>
      )}
    </li>
  );
}

function iconOf(finding: Finding): IconName {
  return finding.severity === "error" ? "error" : finding.severity === "warning" ? "warning" : "info";
}

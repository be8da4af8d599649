import type { JSX } from "preact";

import type { DeviceMemory, PanelStop } from "../../protocol/wire";
import { formatBytes, formatCount, formatSite, plural } from "../model/format";
import { keepersOf, keptLines, sharesOf, totalBytes, type KeptLine, type Share } from "../model/memory";
import { Icon } from "./icons";
import { Place, Sentence } from "./parts";

const LINES_SHOWN = 24;

/** What tensors hold, by what it is for and by line; and who keeps old graphs alive. */
export function Memory({ stop }: { readonly stop: PanelStop }): JSX.Element {
  const { snapshot } = stop;
  const shares = sharesOf(snapshot);
  const { packed, not_shown: notShown } = snapshot.memory;
  if (shares.length === 0 && stop.keepers.length === 0 && packed === 0 && notShown === 0) {
    return (
      <p class="muted empty-list">
        No tensor within reach of this frame holds memory that autograd knows of.
      </p>
    );
  }
  return (
    <div class="memory">
      <Keepers stop={stop} />
      <Shares shares={shares} total={totalBytes(snapshot.memory)} />
      <KeptTable stop={stop} />
      {snapshot.memory.devices.map((device) => (
        <Device key={device.device} device={device} />
      ))}
    </div>
  );
}

/** Sentences on names that keep graphs of earlier steps. */
function Keepers({ stop }: { readonly stop: PanelStop }): JSX.Element | null {
  const keepers = keepersOf(stop);
  if (keepers.length === 0) return null;
  return (
    <ul class="keepers" aria-label="What keeps old graphs alive">
      {keepers.map(({ keeper, sentence }) => {
        const names = new Set([keeper.path, keeper.first, keeper.last]);
        return (
          <li key={sentence.keeper} class="keeper">
            <Icon name="warning" />
            <p>
              <Sentence text={sentence.text} names={names} />
            </p>
            <p class="advice">
              <Sentence text={sentence.advice} names={names} />
            </p>
          </li>
        );
      })}
    </ul>
  );
}

/** One bar cut by purpose, and the amounts. */
function Shares({
  shares,
  total,
}: {
  readonly shares: readonly Share[];
  readonly total: number;
}): JSX.Element | null {
  if (shares.length === 0) return null;
  return (
    <section class="memory-part" aria-label="Memory by purpose">
      <div class="shares" aria-hidden="true">
        {shares.map((share) => (
          <span
            key={share.purpose}
            class={`share ${share.purpose}`}
            style={{ flexGrow: share.part }}
            title={`${share.label}: ${formatBytes(share.bytes)}`}
          />
        ))}
      </div>
      <ul class="share-list">
        {shares.map((share) => (
          <li key={share.purpose}>
            <span class={`share-mark ${share.purpose}`} aria-hidden="true" />
            <span class="share-label">{share.label}</span>
            <span class="amount">{formatBytes(share.bytes)}</span>
          </li>
        ))}
        {shares.length > 1 && (
          <li class="share-total">
            <span />
            <span class="share-label">in all, each storage once</span>
            <span class="amount">{formatBytes(total)}</span>
          </li>
        )}
      </ul>
    </section>
  );
}

function KeptTable({ stop }: { readonly stop: PanelStop }): JSX.Element | null {
  const { snapshot } = stop;
  const { kept, packed, not_shown: notShown } = snapshot.memory;
  const { lines, more, moreBytes } = keptLines(snapshot, LINES_SHOWN);
  if (kept === 0 && packed === 0 && notShown === 0) return null;
  const modules = lines.some((line) => line.module !== null);
  return (
    <section class="memory-part" aria-label="Kept for backward">
      <h3>
        Kept for backward <span class="muted">by the line{modules && " and module"} that made it</span>
      </h3>
      {lines.length > 0 && (
        <table class="kept-table" aria-label="Bytes kept for backward by line and module">
          <thead class="unseen">
            <tr>
              <th scope="col">made at</th>
              <th scope="col">bytes</th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line, place) => (
              <KeptRow key={place} line={line} here={snapshot.site.path} />
            ))}
          </tbody>
        </table>
      )}
      {more > 0 && (
        <p class="muted">
          {plural(more, "more line")}, {formatBytes(moreBytes)}
        </p>
      )}
      {packed > 0 && (
        <p class="muted">
          {plural(packed, "saved tensor")} packed by a hook, as a checkpoint does; nobody can tell the bytes.
        </p>
      )}
      {notShown > 0 && (
        <p class="muted">{plural(notShown, "saved tensor")} more, whose bytes could not be read.</p>
      )}
    </section>
  );
}

function KeptRow({ line, here }: { readonly line: KeptLine; readonly here: string }): JSX.Element {
  const counts = `${plural(line.storages, "storage")} of ${plural(line.nodes, "node")}`;
  return (
    <tr title={`${formatCount(line.bytes)} bytes in ${counts}`}>
      <td>
        <div class="kept-where">
          {line.site === null ? (
            <span class="muted">{line.module === null ? "lines not known" : "line not known"}</span>
          ) : (
            <Place site={line.site} here={null} label={formatSite(line.site, here)} />
          )}
          {line.module !== null && <span class="kept-module">{line.module}</span>}
        </div>
        <div class="kept-bar" aria-hidden="true">
          <span style={{ width: `${Math.max(0.5, line.length * 100)}%` }} />
        </div>
      </td>
      <td class="amount">{formatBytes(line.bytes)}</td>
    </tr>
  );
}

/** What an accelerator's allocator says. */
function Device({ device }: { readonly device: DeviceMemory }): JSX.Element {
  const part = (bytes: number): string => `${(100 * bytes) / Math.max(1, device.reserved, device.peak)}%`;
  return (
    <section class="memory-part" aria-label={`Memory of ${device.device}`}>
      <h3>
        <span class="code">{device.device}</span> <span class="muted">by its allocator</span>
      </h3>
      <div class="device-bar" aria-hidden="true">
        <span class="reserved" style={{ width: part(device.reserved) }} />
        <span class="allocated" style={{ width: part(device.allocated) }} />
        <span class="peak" style={{ insetInlineStart: part(device.peak) }} />
      </div>
      <p class="muted">
        {formatBytes(device.allocated)} allocated, at most {formatBytes(device.peak)} so far,{" "}
        {formatBytes(device.reserved)} reserved
      </p>
    </section>
  );
}

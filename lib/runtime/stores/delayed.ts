import { deflateRawSync, inflateRawSync } from 'node:zlib';
import {
  type DelayedEvent,
  type DelayedKey,
  type DelayedState,
  delayedExpiresAtSeconds,
  delayedKey,
  delayedPrefix,
} from '../../core/delay/delayed.ts';
import { listedSeconds } from '../../core/delay/limits.ts';
import { eventHash } from '../../core/event/hash.ts';
import type { ClaimRef } from '../../core/publish/duplicate.ts';
import type { Row, Table } from '../aws/table/table.ts';
import { freedClaim } from './claims.ts';
import { waitingRow } from './waiting.ts';

/** A delayed event as its row has it. */
export interface KeptDelayed {
  readonly key: DelayedKey;
  readonly state: DelayedState;
  readonly event: DelayedEvent;
}

/** The events that wait until they are due: a row each, which decides who may do what with it (core/delayed.ts). */
export interface DelayedStore {
  /** Puts the row whatever stands there; answers what that was. */
  put(event: DelayedEvent, state: DelayedState): Promise<KeptDelayed | undefined>;
  /** Puts the row where none stands; answers what stands there else. */
  putNew(event: DelayedEvent, state: DelayedState, nowMs: number): Promise<KeptDelayed | undefined>;
  /** Lets `WaitingStore` find it until it is due; a put does so as well. */
  list(event: DelayedEvent, dueAtMs: number): Promise<void>;
  /** Those of the rows that there are. */
  read(keys: readonly DelayedKey[]): Promise<KeptDelayed[]>;
  /** Every event of this id, at whatever target and in whatever state. */
  find(eventId: string): Promise<KeptDelayed[]>;
  /**
   * Writes the next state if the row is still of this revision; answers whether, and the row as it is when it was refused.
   * A cancelled event frees its claim in the same moment.
   */
  change(
    key: DelayedKey,
    revision: string,
    next: DelayedState,
    nowMs: number,
    claim?: ClaimRef,
  ): Promise<{ readonly done: boolean; readonly kept: KeptDelayed | undefined }>;
  /** Removes a row that nobody changed since this revision. */
  remove(key: DelayedKey, revision: string): Promise<void>;
}

/** The event as it is kept: what is longer is packed, because a write is paid by the kilobyte. */
type Document = Omit<DelayedEvent, 'body'> & { readonly body?: string; readonly packed?: string };

const fieldsOf = ({ state, dueAtMs, revision, leaseUntilMs }: DelayedState) => ({
  state,
  dueAtMs,
  turn: revision,
  leaseUntilMs,
});

/** Whether a row of an event's partition is that of a delayed event. */
export const isDelayedRow = (row: Row) => row.sk.startsWith(delayedPrefix);

export function keptDelayed(row: Row): KeptDelayed {
  const { packed, body, ...event } = row.document as Document;
  const { state, dueAtMs, turn, leaseUntilMs } = row.fields ?? {};
  return {
    key: { pk: row.pk, sk: row.sk },
    state: {
      state: state as DelayedState['state'],
      dueAtMs: Number(dueAtMs),
      revision: String(turn),
      leaseUntilMs: Number(leaseUntilMs),
    },
    event: {
      ...event,
      body: packed === undefined ? (body ?? '') : inflateRawSync(Buffer.from(packed, 'base64')).toString(),
    },
  };
}

function documentOf({ body, ...event }: DelayedEvent): Document {
  const packed = deflateRawSync(body).toString('base64');
  return JSON.stringify(body).length <= packed.length ? { ...event, body } : { ...event, packed };
}

const rowOf = (event: DelayedEvent, state: DelayedState): Row => ({
  ...delayedKey(event),
  document: documentOf(event),
  fields: fieldsOf(state),
  expiresAtSeconds: delayedExpiresAtSeconds(state.dueAtMs),
});

/**
 * The SDK makes a call again whose answer was lost, and so finds its own row, which has its revision. Taken for an earlier one,
 * its timer would be dropped as that of the earlier one, and the event would wait for ever.
 */
const exceptOwn = (found: KeptDelayed, { revision }: DelayedState): KeptDelayed | undefined =>
  found.state.revision === revision ? undefined : found;

export function createDelayedStore(table: Table): DelayedStore {
  const list = (event: DelayedEvent, dueAtMs: number) =>
    table.put(
      waitingRow(
        event.target,
        'delayed',
        event.atMs,
        delayedKey(event),
        Math.ceil(dueAtMs / 1000) + listedSeconds,
      ),
    );
  return {
    async put(event, state) {
      const [before] = await Promise.all([table.swap(rowOf(event, state)), list(event, state.dueAtMs)]);
      return before && exceptOwn(keptDelayed(before), state);
    },
    async putNew(event, state, nowMs) {
      const standing = await table.putIfFree(rowOf(event, state), nowMs);
      return standing && exceptOwn(keptDelayed(standing), state);
    },
    list,
    read: async (keys) => (await table.getMany(keys)).map(keptDelayed),
    async find(eventId) {
      const rows = await table.query(`event#${eventHash(eventId)}`, delayedPrefix);
      return rows.map(keptDelayed).filter(({ event }) => event.id === eventId);
    },
    async change(key, revision, next, nowMs, claim) {
      // What was cancelled long before it was due is not kept until then.
      const untilMs = next.state === 'cancelled' ? nowMs : next.dueAtMs;
      const expiresAtSeconds = delayedExpiresAtSeconds(untilMs);
      const where = { turn: revision };
      const { done, row } = await (next.state === 'cancelled' && claim !== undefined
        ? table.changeBeside(key, fieldsOf(next), where, expiresAtSeconds, freedClaim(claim, nowMs))
        : table.change(key, fieldsOf(next), where, expiresAtSeconds));
      return { done, kept: row && keptDelayed(row) };
    },
    remove: (key, revision) => table.deleteWhere(key, { turn: revision }),
  };
}

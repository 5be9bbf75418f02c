import type { WireRequest, WireResponse } from '../../../lib/stand-in/wire/http.ts';

/** What statistics count of a thing. */
export type Counts = Readonly<Record<string, number>>;

/** What the instances of functions did, and what of it they have not written into statistics (decision 171). */
export interface Tallies {
  /** A number for a new instance. */
  enter(): number;
  /** An invocation begins in an instance; those of an instance never overlap. */
  begin(instance: number): void;
  /** It did something, which it counts before it writes. */
  did(instance: number, thing: string, counts: Counts): void;
  /** It answered what it did, which it has counted, and may have written, before. */
  answered(instance: number, thing: string, counts: Counts): void;
  /** It begins to make a call to the services, or to make it again. */
  sending(instance: number, request: WireRequest, nowMs: number): void;
  /** The call took effect, or was refused, whether or not the instance learns of it. */
  handled(instance: number, request: WireRequest, response: WireResponse): void;
  /** The instance has its answer, or an error in place of one. Never told of a call that hangs. */
  returned(instance: number, request: WireRequest, response: WireResponse | undefined): void;
  end(instance: number, nowMs: number): void;
  /** Everything that instances did while they lived, by thing, such as `receiver#receiver-1`. */
  happened(): ReadonlyMap<string, Counts>;
  /** What of it nobody can expect to find: those who died kept it to themselves, or those who live still do. */
  unwritten(): ReadonlyMap<string, Counts>;
}

export function plus(one: Counts = {}, other: Counts = {}): Counts {
  const sum: Record<string, number> = { ...one };
  for (const [name, count] of Object.entries(other)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** A write that was sent and is not known to have been made. */
interface Sent {
  readonly thing: string;
  counts: Counts;
  readonly sinceMs: number;
  /** The instance waits for what becomes of it: for ever where the call hangs, even when its invocation has ended. */
  isUnderWay: boolean;
  /** How often in a row it was refused for others who wrote the same rows. */
  refusals: number;
  /** In how many invocations it was neither under way nor sent again. */
  silent: number;
}

interface Instance {
  /** Counted and not sent yet, by thing. */
  readonly kept: Map<string, Counts>;
  /** By token. */
  readonly sent: Map<string, Sent>;
  /** The tokens of writes that were made. */
  readonly made: Set<string>;
  /** Those that are new in this invocation, by thing. */
  tokens: Map<string, string>;
  /** All that were sent in this invocation. */
  again: Set<string>;
  counted: boolean;
}

/** A write whose outcome stays unknown for so long is given up. */
const givenUpMs = 9 * 60_000;
/** Refused so often in a row, it is counted anew, and written under another token. */
const refusalsMax = 5;

export function createTallies(): Tallies {
  const instances = new Map<number, Instance>();
  const all = new Map<string, Counts>();
  const givenUp = new Map<string, Counts>();

  const add = (map: Map<string, Counts>, thing: string, counts: Counts) =>
    void map.set(thing, plus(map.get(thing), counts));

  function instanceOf(name: number): Instance {
    const found = instances.get(name) ?? {
      kept: new Map(),
      sent: new Map(),
      made: new Set(),
      tokens: new Map(),
      again: new Set(),
      counted: false,
    };
    instances.set(name, found);
    return found;
  }

  let numbers = 0;

  return {
    enter: () => ++numbers,

    begin(name) {
      const instance = instanceOf(name);
      instance.tokens = new Map();
      instance.again = new Set();
      instance.counted = false;
    },

    did(name, thing, counts) {
      const instance = instanceOf(name);
      instance.counted = true;
      add(all, thing, counts);
      add(instance.kept, thing, counts);
    },

    answered(name, thing, counts) {
      const instance = instanceOf(name);
      instance.counted = true;
      add(all, thing, counts);
      const token = instance.tokens.get(thing);
      if (token !== undefined && instance.made.has(token)) return;
      const sent = instance.sent.get(token ?? '');
      if (sent === undefined) add(instance.kept, thing, counts);
      else sent.counts = plus(sent.counts, counts);
    },

    sending(name, request, nowMs) {
      const write = writeOf(request);
      if (write === undefined) return;
      const { thing, token } = write;
      const instance = instanceOf(name);
      instance.again.add(token);
      const known = instance.sent.get(token);
      if (known !== undefined) known.isUnderWay = true;
      if (known !== undefined || instance.made.has(token)) return;
      instance.tokens.set(thing, token);
      instance.sent.set(token, {
        thing,
        counts: instance.kept.get(thing) ?? {},
        sinceMs: nowMs,
        isUnderWay: true,
        refusals: 0,
        silent: 0,
      });
      instance.kept.delete(thing);
    },

    handled(name, request, response) {
      const write = writeOf(request);
      if (write === undefined || response.status >= 300) return;
      const { sent, made } = instanceOf(name);
      made.add(write.token);
      sent.delete(write.token);
    },

    returned(name, request, response) {
      const write = writeOf(request);
      if (write === undefined) return;
      const { sent, kept } = instanceOf(name);
      const own = sent.get(write.token);
      if (own === undefined) return;
      own.refusals = /TransactionCanceled/.test(String(response?.body)) ? own.refusals + 1 : 0;
      // Refused, it is sent again after a moment, whatever its invocation does.
      own.isUnderWay = own.refusals > 0;
      if (own.refusals < refusalsMax) return;
      sent.delete(write.token);
      add(kept, write.thing, own.counts);
    },

    end(name, nowMs) {
      const instance = instanceOf(name);
      if (!instance.counted) return;
      for (const [token, sent] of instance.sent) {
        sent.silent = sent.isUnderWay || instance.again.has(token) ? 0 : sent.silent + 1;
        if (sent.silent < 2) continue;
        // Whoever counts sends again what it is not sure of: what it does not send any more is lost without a reason.
        instance.sent.delete(token);
        if (nowMs - sent.sinceMs >= givenUpMs) add(givenUp, sent.thing, sent.counts);
      }
    },

    happened: () => all,

    unwritten() {
      const sum = new Map(givenUp);
      for (const { kept, sent } of instances.values()) {
        for (const [thing, counts] of kept) add(sum, thing, counts);
        for (const { thing, counts } of sent.values()) add(sum, thing, counts);
      }
      return sum;
    },
  };
}

/** The thing and the token of a write of statistics. */
function writeOf({ headers, body }: WireRequest): { thing: string; token: string } | undefined {
  if (headers['x-amz-target']?.endsWith('.TransactWriteItems') !== true) return undefined;
  const text = Buffer.from(body).toString('utf8');
  const [, thing] = /"statistics#((?:receiver|topic)#[a-z0-9-]+)#/.exec(text) ?? [];
  if (thing === undefined) return undefined;
  return { thing, token: String(JSON.parse(text).ClientRequestToken) };
}

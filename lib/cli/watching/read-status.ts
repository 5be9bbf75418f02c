import type { Command } from 'commander';
import { BusbarError, type Client } from '../../client/index.ts';
import { type Item, isItem } from '../support/answer.ts';
import { eachAtOnce } from '../support/at-once.ts';
import { readList } from '../support/pages.ts';
import { connect, type Session } from '../support/session.ts';

/** A receiver on one line. What the bus does not tell is undefined. */
export interface ReceiverStatus {
  readonly receiver: string;
  readonly owner?: unknown;
  readonly state: string;
  readonly stateReason?: unknown;
  readonly breaker: string;
  /** Events that wait, and that are being delivered or wait for their next attempt: about as many. */
  readonly waiting?: number;
  readonly inFlight?: number;
  readonly oldestSeconds?: number;
  /** On average over the last five minutes. */
  readonly deliveredPerSecond?: number;
  readonly deadLetters: number;
  /** Running, or halted since; one that ended otherwise is no news. */
  readonly redrive?: { readonly state: string; readonly sent: number; readonly total: number };
}

export interface Status {
  /** RFC 3339. */
  readonly at: string;
  readonly receivers: readonly ReceiverStatus[];
  /** The topics on hold, with who holds them since when. */
  readonly holds: readonly Item[];
  /** The open requests that the caller made or may decide about. */
  readonly requests: readonly Item[];
}

const rateSeconds = 300;
const shownRedrives = ['collecting', 'canary', 'sending', 'halted'];

/** Reads everything: three lists, and two calls for each receiver, a few at once. */
export async function readStatus(session: Session, command: Command): Promise<Status> {
  const client = connect(session, command);
  const nowMs = session.world.now();
  const listed = async (name: string, query = {}) =>
    (await readList(session, command, `/${name}`, name, query)).items;
  const receivers = await listed('receivers');
  const [topics, requests] = [await listed('topics'), await listed('requests', { state: 'open' })];
  const statuses = await eachAtOnce(receivers, (receiver) =>
    // One that was deleted meanwhile is not listed.
    unless('unknown_receiver', () => statusOf(client, receiver, nowMs)),
  );
  return {
    at: new Date(nowMs).toISOString(),
    receivers: statuses.filter((status) => status !== undefined),
    holds: topics.flatMap(({ topic, owner, hold }) => (isItem(hold) ? [{ topic, owner, ...hold }] : [])),
    requests,
  };
}

/** What waits for a receiver, and how it was served lately. */
export async function readCounts(client: Client, receiver: string, nowMs: number): Promise<Counts> {
  const path = pathOf(receiver);
  // From the start of a minute, as points are.
  const sinceMs = Math.floor((nowMs - rateSeconds * 1000) / 60_000) * 60_000;
  const since = new Date(sinceMs).toISOString();
  const statistics = await unless('unknown_route', () =>
    client.call('GET', `${path}/statistics?${new URLSearchParams({ since })}`),
  );
  return isItem(statistics)
    ? countsOf(statistics, (nowMs - sinceMs) / 1000)
    : await countsWithoutStatistics(client, path);
}

const pathOf = (receiver: string) => `/receivers/${encodeURIComponent(receiver)}`;

async function statusOf(client: Client, listed: Item, nowMs: number): Promise<ReceiverStatus> {
  const { receiver, owner, state, stateReason } = listed;
  const counts = await readCounts(client, String(receiver), nowMs);
  const redrive = await unless('unknown_redrive', () =>
    client.call('GET', `${pathOf(String(receiver))}/redrive`),
  );
  return {
    receiver: String(receiver),
    owner,
    state: String(state),
    ...(stateReason !== undefined && { stateReason }),
    ...counts,
    ...(isItem(redrive) && shownRedrives.includes(String(redrive.state)) && { redrive: redriveOf(redrive) }),
  };
}

type Counts = Omit<ReceiverStatus, 'receiver' | 'owner' | 'state' | 'stateReason' | 'redrive'>;

function countsOf({ now, points }: Item, seconds: number): Counts {
  const { waiting, inFlight, oldestSeconds, deadLetters, breaker } = isItem(now) ? now : ({} as Item);
  const delivered = (Array.isArray(points) ? points : []).reduce(
    (sum, point) => sum + numberOf(isItem(point) ? point.delivered : 0),
    0,
  );
  return {
    breaker: String(breaker),
    waiting: numberOf(waiting),
    inFlight: numberOf(inFlight),
    oldestSeconds: numberOf(oldestSeconds),
    deadLetters: numberOf(deadLetters),
    deliveredPerSecond: delivered / seconds,
  };
}

/** What a bus without statistics tells: no backlog. */
async function countsWithoutStatistics(client: Client, path: string): Promise<Counts> {
  const whole = (await client.call('GET', path)) as Item;
  const { clusters, waiting } = (await client.call('GET', `${path}/dead-letters?limit=1`)) as Item;
  const listed = (Array.isArray(clusters) ? clusters : []).reduce(
    (sum, cluster) => sum + numberOf(isItem(cluster) ? cluster.count : 0),
    0,
  );
  return {
    breaker: String(isItem(whole.breaker) ? whole.breaker.state : ''),
    deadLetters: listed + numberOf(waiting),
  };
}

const redriveOf = ({ state, sent, total }: Item) => ({
  state: String(state),
  sent: numberOf(sent),
  total: numberOf(total),
});

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** The result, or undefined where the bus answers with this code. */
export async function unless<Result>(code: string, act: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof BusbarError && error.code === code) return undefined;
    throw error;
  }
}

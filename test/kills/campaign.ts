import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { type AcceptanceBus, startBus, temporaryDirectory } from '../acceptance/bus.ts';
import { type Arrival, startSink } from '../acceptance/sink.ts';
import { type Arrived, type Judgement, judge, type Promised, pairOf } from './ledger.ts';
import { type Life, Lives } from './lives.ts';
import { type Market, produce } from './producers.ts';
import { reportOf } from './report.ts';

export interface Campaign {
  readonly judgement: Judgement;
  readonly promised: number;
  readonly lives: readonly Life[];
  /** Describes the violations and everything known about their events; empty if there are none. */
  readonly report: string;
}

const producers = 4;
/** How long after the last kill everything must have arrived. Retries take seconds. */
const drainMs = 90_000;

/**
 * Kills a bus repeatedly while producers send events, restarts it on the same data each time, and compares what the
 * endpoints got with what the producers were told. The seed determines what is produced, when the bus is killed and which
 * attempts fail; the machine determines how these coincide.
 */
export async function runKills(options: {
  readonly seed: number;
  readonly rounds: number;
  progress(line: string): void;
}): Promise<Campaign> {
  const { seed, rounds, progress } = options;
  const startedMs = Date.now();
  const random = seededRandom(seed);
  const dataDirectory = temporaryDirectory();
  const arrived: Mutable<Arrived>[] = [];
  const verdicts: Market['verdicts'] = new Map();
  const sink = await startSink(endpoints(arrived, verdicts, seed));
  const lives = new Lives({ dataDirectory });
  const promised = new Map<string, Promised>();
  let done = false;
  try {
    await layOut(await startBus({ dataDirectory }), sink.url);
    await lives.start();
    const market = { lives, promised, verdicts, checkUrl: `${sink.url}/checks`, done: () => done };
    const producing = Promise.all(
      Array.from({ length: producers }, (_, n) => produce(market, `p${n}`, seededRandom(seed + n + 1))),
    );
    for (let round = 1; round <= rounds; round++) {
      // Kills the bus under load, some milliseconds after a response. A producer that fails ends the campaign.
      await Promise.race([lives.answered(1 + random.next() * 60), producing]);
      await sleep(random.next() * 30);
      await lives.kill();
      // Also interrupts every fifth start.
      if (round % 5 === 0 && round < rounds) {
        round++;
        await lives.startAndKill(200 + random.next() * 1000);
      }
      await lives.start();
      const { attempts, duplicates } = judge(promised, arrived, new Set());
      progress(
        `kill ${round} of ${rounds}: ${promised.size} events sent, ${attempts} attempts, ${duplicates} duplicates`,
      );
    }
    done = true;
    await producing;

    const deadLetters = new Set<string>();
    const settled = async () => {
      for (const id of await deadLettersOf(lives)) deadLetters.add(pairOf('refusing', id));
      const { violations } = judge(promised, arrived, deadLetters);
      return violations.every(({ kind }) => kind !== 'lost' && kind !== 'no-dead-letter');
    };
    const deadlineMs = Date.now() + drainMs;
    while (!(await settled()) && Date.now() < deadlineMs) await sleep(100);
    // Gives forbidden deliveries as much time as a delayed event takes.
    await lives.call('POST', '/v1/receivers/crm/events', last);
    await sink.waitFor(1, ({ body }) => JSON.parse(body).id === last.id);
    const judgement = judge(
      promised,
      arrived.filter(({ id }) => id !== last.id),
      deadLetters,
    );
    return {
      judgement,
      promised: promised.size,
      lives: lives.lives,
      report: reportOf({ seed, startedMs, judgement, promised, arrived, lives: lives.lives }),
    };
  } finally {
    done = true;
    await (await Promise.race([lives.current(), undefined]))?.kill();
    await sink.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

const last = { id: 'last', type: 'kills.last', data: {}, delaySeconds: 3 };

async function layOut(bus: AcceptanceBus, url: string): Promise<void> {
  const put = async (path: string, body: object) => {
    const { status, body: answer } = await bus.call('PUT', path, body);
    if (status >= 300)
      throw new Error(`The bus responded with ${status} to PUT ${path}: ${JSON.stringify(answer)}`);
  };
  await put('/v1/topics/orders', {});
  await put('/v1/topics/ledger', { ordered: true });
  // The breakers must not delay deliveries here.
  const breaker = { minimumAttempts: 10_000 };
  for (const receiver of ['billing', 'crm']) {
    const retry = { delaysSeconds: [1, 1, 1, 1, 1, 1] };
    await put(`/v1/receivers/${receiver}`, { endpoint: `${url}/${receiver}`, retry, breaker });
    await put(`/v1/topics/orders/subscriptions/${receiver}`, {});
  }
  await put('/v1/receivers/refusing', {
    endpoint: `${url}/refusing`,
    retry: { delaysSeconds: [1] },
    breaker,
  });
  await put('/v1/topics/ledger/subscriptions/billing', {});
  if ((await bus.stopKeepingData()) !== 0) throw new Error('The bus did not stop with exit code 0.');
}

/**
 * The endpoints: most attempts get a 204 at once, some later, some fail at first, and `refusing` refuses everything. This
 * depends only on the event and the seed, so a delivery meets the same behaviour in each run.
 */
function endpoints(arrived: Mutable<Arrived>[], verdicts: Market['verdicts'], seed: number) {
  const earlier = new Map<string, number>();
  return (arrival: Arrival, response: Parameters<Parameters<typeof startSink>[0] & object>[1]): void => {
    if (arrival.path.endsWith('/checks')) {
      const { transactionId } = JSON.parse(arrival.body) as { transactionId: string };
      const state = verdicts.get(transactionId) ?? 'unknown';
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ state }));
      return;
    }
    const receiver = arrival.path.slice(arrival.path.lastIndexOf('/') + 1);
    const { id } = JSON.parse(arrival.body) as { id: string };
    const pair = pairOf(receiver, id);
    const attempt: Mutable<Arrived> = {
      receiver,
      id,
      deliveryId: String(arrival.headers['webhook-id']),
      atMs: arrival.atMs,
    };
    arrived.push(attempt);
    const tries = earlier.get(pair) ?? 0;
    earlier.set(pair, tries + 1);
    const chance = seededRandom(
      [...pair].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), seed),
    ).next();
    const answer = (status: number) => {
      attempt.status = status;
      response.writeHead(status).end();
    };
    if (receiver === 'refusing') answer(422);
    else if (chance < 0.05 && tries === 0) answer(500);
    else if (chance > 0.9) setTimeout(() => answer(204), (chance - 0.9) * 5000);
    else answer(204);
  };
}

/** The event ids of the dead letters of `refusing`. Listing them moves those that are still in the queue to the table. */
async function deadLettersOf(lives: Lives): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query: string = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = await lives.call('GET', `/v1/receivers/refusing/dead-letters?limit=100${query}`);
    if (answer?.status !== 200)
      throw new Error(`The dead letters could not be listed: ${JSON.stringify(answer?.body)}.`);
    ids.push(...answer.body.deadLetters.map(({ eventId }: { eventId: string }) => eventId));
    cursor = answer.body.cursor;
  } while (cursor !== undefined);
  return ids;
}

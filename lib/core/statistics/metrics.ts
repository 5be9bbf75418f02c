import { type Family, prometheusText, type Sample } from './prometheus.ts';

/** Makes a `GET` of the HTTP API, with the key of whoever asks for metrics. */
export type Ask = (
  path: string,
  query?: Readonly<Record<string, string>>,
) => Promise<{ readonly status: number; readonly document: unknown }>;

/** So many receivers, and so many topics, have series: a Prometheus keeps each one for weeks. */
const thingsMax = 200;
const callsAtOnce = 8;
/** As long as days are kept. */
const daysMax = 399;
const dayMs = 24 * 3600 * 1000;

type Item = Readonly<Record<string, unknown>>;
/** One receiver or topic: its labels, its counters over all days, and how it is now. */
interface Measured {
  readonly labels: Readonly<Record<string, string>>;
  readonly sums: Readonly<Record<string, number>>;
  readonly now: Item;
}

/**
 * The metrics of the receivers and topics that a key may read, in the text format of Prometheus; undefined with the status
 * of the refusal when it may not list them.
 */
export async function metricsOf(
  ask: Ask,
  nowMs: number,
): Promise<{ readonly status: number; readonly text: string | undefined }> {
  const receivers = await measure(ask, nowMs, 'receiver');
  if ('status' in receivers) return { status: receivers.status, text: undefined };
  const topics = await measure(ask, nowMs, 'topic');
  if ('status' in topics) return { status: topics.status, text: undefined };
  const leftOut = [receivers, topics].map(({ isPart }, at) => ({
    labels: { of: at === 0 ? 'receivers' : 'topics' },
    value: isPart ? 1 : 0,
  }));
  const families = [
    ...receiverFamilies(receivers.things),
    ...topicFamilies(topics.things),
    gauge(
      'busbar_metrics_incomplete',
      `1 when there are more than ${thingsMax}, of which these are the first by name`,
      leftOut,
    ),
  ];
  return { status: 200, text: prometheusText(families) };
}

async function measure(
  ask: Ask,
  nowMs: number,
  kind: 'receiver' | 'topic',
): Promise<{ readonly things: Measured[]; readonly isPart: boolean } | { readonly status: number }> {
  const things: Measured[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(`/v1/${kind}s`, {
      limit: String(thingsMax),
      ...(cursor !== undefined && { cursor }),
    });
    if (page.status !== 200) return { status: page.status };
    const listed = page.document as Item;
    const items = (listed[`${kind}s`] as readonly Item[]).slice(0, thingsMax - things.length);
    for (let at = 0; at < items.length; at += callsAtOnce) {
      const some = items.slice(at, at + callsAtOnce).map((item) => measureOne(ask, nowMs, kind, item));
      things.push(...(await Promise.all(some)).filter((one) => one !== undefined));
    }
    cursor = listed.cursor as string | undefined;
  } while (cursor !== undefined && things.length < thingsMax);
  return { things, isPart: cursor !== undefined };
}

/** Undefined for what the key may list but not read, and what was deleted meanwhile. */
async function measureOne(
  ask: Ask,
  nowMs: number,
  kind: 'receiver' | 'topic',
  item: Item,
): Promise<Measured | undefined> {
  const name = String(item[kind]);
  const sinceMs = Math.max(Date.parse(String(item.createdAt)), nowMs - daysMax * dayMs);
  const since = new Date(Math.min(sinceMs, nowMs)).toISOString();
  const { status, document } = await ask(`/v1/${kind}s/${name}/statistics`, { since, step: '86400' });
  if (status !== 200) return undefined;
  const { points, now = {} } = document as { readonly points: readonly Item[]; readonly now?: Item };
  const sums: Record<string, number> = {};
  for (const point of points) {
    for (const [counter, value] of Object.entries(point)) {
      if (typeof value === 'number') sums[counter] = (sums[counter] ?? 0) + value;
    }
  }
  return { labels: { [kind]: name, application: String(item.owner) }, sums, now };
}

const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
});

function receiverFamilies(things: readonly Measured[]): Family[] {
  const now = (name: string, help: string, value: (now: Item) => unknown) =>
    gauge(
      `busbar_receiver_${name}`,
      help,
      things.map((thing) => ({ labels: thing.labels, value: Number(value(thing.now)) })),
    );
  return [
    counter(things, 'busbar_receiver_delivered_total', 'Deliveries whose attempt succeeded', 'delivered'),
    counter(things, 'busbar_receiver_failed_attempts_total', 'Attempts that failed', 'failed'),
    counter(
      things,
      'busbar_receiver_dead_lettered_total',
      'Deliveries that used up their attempts',
      'deadLettered',
    ),
    counter(
      things,
      'busbar_receiver_dropped_total',
      'Deliveries that were never made: skipped, or dropped with a grant that was revoked',
      'dropped',
    ),
    now('waiting', 'Events that may be received at once, roughly', ({ waiting }) => waiting),
    now(
      'in_flight',
      'Events that are being delivered or wait for their next attempt, roughly',
      ({ inFlight }) => inFlight,
    ),
    now(
      'oldest_seconds',
      'For how long the oldest event has waited, as far as the bus saw',
      ({ oldestSeconds }) => oldestSeconds,
    ),
    now('dead_letters', 'Dead letters that are kept', ({ deadLetters }) => deadLetters),
    now('paused', '1 while it is paused', ({ paused }) => paused),
    gauge(
      'busbar_receiver_breaker',
      'The state of its breaker: 1 for the one that it is in',
      things.flatMap(({ labels, now: { breaker } }) =>
        ['closed', 'half-open', 'open'].map((state) => ({
          labels: { ...labels, state },
          value: breaker === state ? 1 : 0,
        })),
      ),
    ),
  ];
}

const topicFamilies = (things: readonly Measured[]): Family[] => [
  counter(things, 'busbar_topic_accepted_total', 'Events that were accepted', 'accepted'),
  counter(things, 'busbar_topic_rejected_total', 'Events that were rejected', 'rejected'),
  counter(things, 'busbar_topic_duplicate_total', 'Events that were duplicates', 'duplicate'),
  counter(things, 'busbar_topic_accepted_bytes_total', 'Bytes of accepted events, as JSON', 'bytes'),
];

const counter = (things: readonly Measured[], name: string, help: string, of: string): Family => ({
  name,
  help,
  type: 'counter',
  samples: things.map(({ labels, sums }) => ({ labels, value: sums[of] ?? 0 })),
});

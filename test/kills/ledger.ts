/** What the producers were promised, what the endpoints got, and whether the two agree. */

type Fate =
  /** Accepted: each of its receivers gets it. */
  | 'delivered'
  /** Accepted, for an endpoint that refuses everything: it becomes a dead letter. */
  | 'dead-letter'
  /** Rolled back or cancelled: nobody gets it. */
  | 'nowhere'
  /** The connection broke before the response: it may be delivered or not. */
  | 'open';

export interface Promised {
  readonly id: string;
  /** How it was sent, for the report. */
  readonly by: string;
  readonly receivers: readonly string[];
  readonly fate: Fate;
  /** When the request began, or the last one if it was repeated; epoch milliseconds. */
  readonly atMs: number;
  /** The earliest time of a delivery; epoch milliseconds. */
  readonly notBeforeMs?: number;
  /** Its position among the ordered events of a key. */
  readonly place?: { readonly key: string; readonly sequence: number };
}

/** An attempt, as the endpoint saw it. */
export interface Arrived {
  readonly receiver: string;
  readonly id: string;
  readonly deliveryId: string;
  readonly atMs: number;
  /** The status of the response; undefined before the response. */
  readonly status?: number;
}

interface Violation {
  readonly kind: 'lost' | 'forbidden' | 'early' | 'delivery-id' | 'unknown' | 'order' | 'no-dead-letter';
  readonly id: string;
  readonly text: string;
}

export interface Judgement {
  readonly violations: readonly Violation[];
  readonly deliveries: number;
  readonly deadLetters: number;
  /** Arrivals after the endpoint had responded with a 2xx. */
  readonly duplicates: number;
  readonly attempts: number;
}

/** Identifies a delivery by receiver and event. */
export const pairOf = (receiver: string, id: string): string => `${receiver} ${id}`;

/** Compares promises with arrivals. @param deadLetters the pairs (`pairOf`) that the bus lists as dead letters. */
export function judge(
  promised: ReadonlyMap<string, Promised>,
  arrivals: readonly Arrived[],
  deadLetters: ReadonlySet<string>,
): Judgement {
  const violations: Violation[] = [];
  const violate = (kind: Violation['kind'], id: string, text: string) => violations.push({ kind, id, text });
  const delivered = new Set<string>();
  const deliveryIds = new Map<string, string>();
  const owners = new Map<string, string>();
  const reached = new Map<string, number>();
  let duplicates = 0;

  for (const { receiver, id, deliveryId, atMs, status = 0 } of arrivals) {
    const event = promised.get(id);
    const pair = pairOf(receiver, id);
    if (event === undefined || !event.receivers.includes(receiver)) {
      violate('unknown', id, `${receiver} got ${id}, which was never sent to it.`);
      continue;
    }
    if (event.fate === 'nowhere')
      violate('forbidden', id, `${receiver} got ${id}, which was cancelled or rolled back.`);
    if (atMs < (event.notBeforeMs ?? 0)) {
      violate('early', id, `${receiver} got ${id} ${(event.notBeforeMs ?? 0) - atMs} ms before its time.`);
    }
    const known = deliveryIds.get(pair) ?? deliveryId;
    deliveryIds.set(pair, known);
    if (known !== deliveryId) {
      violate('delivery-id', id, `${receiver} got ${id} as ${known} and as ${deliveryId}.`);
    }
    const owner = owners.get(deliveryId) ?? pair;
    owners.set(deliveryId, owner);
    if (owner !== pair) violate('delivery-id', id, `${deliveryId} was ${owner} and ${pair}.`);
    if (event.place !== undefined && !delivered.has(pair)) {
      const lane = pairOf(receiver, event.place.key);
      const last = reached.get(lane) ?? -1;
      if (event.place.sequence < last) {
        violate(
          'order',
          id,
          `${receiver} got number ${event.place.sequence} of ${lane} after number ${last}.`,
        );
      }
      reached.set(lane, Math.max(last, event.place.sequence));
    }
    if (delivered.has(pair)) duplicates++;
    else if (status >= 200 && status < 300) delivered.add(pair);
  }

  for (const { id, fate, by, receivers } of promised.values()) {
    for (const receiver of receivers) {
      const pair = pairOf(receiver, id);
      if (fate === 'delivered' && !delivered.has(pair)) {
        violate('lost', id, `${receiver} never got ${id} (${by}), which was accepted.`);
      }
      if (fate === 'dead-letter' && !deadLetters.has(pair)) {
        violate('no-dead-letter', id, `${id} (${by}) is not a dead letter of ${receiver}, which refused it.`);
      }
    }
  }
  return {
    violations,
    deliveries: delivered.size,
    deadLetters: deadLetters.size,
    duplicates,
    attempts: arrivals.length,
  };
}

import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { retryDelaysSecondsDefault, retryJitterPart } from '../../../lib/core/deliver/limits.ts';
import { aws } from '../../../lib/core/kernel/limits.ts';
import { admin, answer, shorthand, testBus } from '../bus.ts';
import { forceBreaker } from '../calls.ts';

/**
 * A whole list of retries in virtual time, polled as on AWS: every attempt when it is due, and the dead letter at the end.
 * The default list of the HTTP contract adds up to 17 h 43 min; "28 hours" are a tenth attempt 10 h after the ninth.
 */

const second = 1000;
const hour = 3600 * second;
const url = 'https://shop.example.com/events';

const contract = [5, 30, 120, 600, 1800, 7200, 18_000, 36_000];
const lists: readonly [name: string, delaysSeconds: readonly number[], hours: number][] = [
  ['the default list', contract, 17.7],
  ['the list of 28 hours', [...contract, 36_000], 27.7],
  ['the list of Standard Webhooks senders', [5, 300, 1800, 7200, 18_000, 36_000, 36_000], 27.6],
  ['waits near the longest that a message can be hidden', [39_600, 39_600, 39_600], 33],
];

it('the default list is that of the contract', () => {
  expect(retryDelaysSecondsDefault).toEqual(contract);
});

/** A bus whose endpoint always fails, and keeps when it was tried. */
async function busThatFails(delaysSeconds: readonly number[]) {
  const bus = await testBus();
  await bus.receiver('shop', { retry: { delaysSeconds: [...delaysSeconds] } });
  const times: number[] = [];
  bus.endpoint(url, () => {
    times.push(bus.clock.now());
    return answer(503, {}, `closed, for the ${times.length}. time`);
  });
  return { bus, times };
}

describe.each(lists)('%s', (_, delaysSeconds, hours) => {
  it('is gone through to its end: no attempt early, none late, none too many, and a dead letter that tells', async () => {
    const { bus, times } = await busThatFails(delaysSeconds);
    const attempts = delaysSeconds.length + 1;
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', id: 'one', data: {} }));
    bus.run();
    await bus.clock.until(() => times.length === attempts, hours * 1.2 * hour);
    const letters = bus.urlOf('shop', 'dead-letters');
    await bus.clock.until(async () => (await bus.count(letters)).ready === 1, 5 * second);

    for (const [index, delay] of delaysSeconds.entries()) {
      const waited = ((times[index + 1] ?? 0) - (times[index] ?? 0)) / second;
      expect(waited, `the wait before attempt ${index + 2}`).toBeGreaterThanOrEqual(delay);
      // A tenth of jitter, a whole second of visibility, and a long poll of 20 s.
      expect(waited, `the wait before attempt ${index + 2}`).toBeLessThan(delay * (1 + retryJitterPart) + 22);
    }
    const took = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / hour;
    expect(took).toBeGreaterThanOrEqual(hours - 0.1);
    expect(took).toBeLessThan(hours * 1.1 + 0.2);
    expect(bus.requests.map(({ headers }) => Number(headers['busbar-attempt']))).toEqual(
      Array.from({ length: attempts }, (_, index) => index + 1),
    );
    expect(new Set(bus.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);

    const [letter] = await bus.receive(letters);
    expect(letter?.attributes).toMatchObject({
      'busbar-cause': 'http-503',
      'busbar-failure': 'system',
      'busbar-detail': `closed, for the ${attempts}. time`,
      'busbar-attempts': String(attempts),
      'busbar-first-attempt-at': new Date(times[0] ?? 0).toISOString(),
      'busbar-last-attempt-at': new Date(times.at(-1) ?? 0).toISOString(),
    });
    // Nothing is left behind that could be sent once more.
    expect(await bus.count(bus.urlOf('shop', 'online'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    await bus.clock.advance(hour);
    expect(times).toHaveLength(attempts);
    // Days of polling are run through here.
  }, 90_000);
});

describe('a wait beyond the 12 hours that a message can be hidden', () => {
  it('is hidden again for the rest, and spends no attempt', async () => {
    // A list takes no wait of more than 11 h, so that only an endpoint can ask for one: Retry-After up to a day.
    const { bus, times } = await busThatFails([10]);
    const asked = 20 * 3600;
    bus.endpoint(url, () => {
      times.push(bus.clock.now());
      return answer(503, { 'retry-after': String(asked) });
    });
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', data: {} }));
    bus.run();
    const hides = () =>
      bus.calls.filter((call) => call.startsWith('sqs.ChangeMessageVisibilityBatch')).length;
    await bus.clock.until(() => times.length === 1, 60 * second);
    await bus.clock.advance(13 * hour);
    expect(asked).toBeGreaterThan(aws.sqs.visibilitySecondsMax);
    expect(hides()).toBeGreaterThanOrEqual(2);
    expect(times).toHaveLength(1);
    await bus.clock.until(() => times.length === 2, 8 * hour);
    const waited = ((times[1] ?? 0) - (times[0] ?? 0)) / second;
    expect(waited).toBeGreaterThanOrEqual(asked);
    expect(waited).toBeLessThan(asked * 1.1 + 22);
    expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '2']);
  });
});

describe('a retry that is due', () => {
  it('waits while the breaker is forced open, however long, and goes on with the same attempt', async () => {
    const { bus, times } = await busThatFails([60, 60]);
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', data: {} }));
    bus.run();
    await bus.clock.until(() => times.length === 1, 60 * second);
    await forceBreaker(bus.tools, admin, 'shop', { state: 'open' });
    await bus.clock.advance(30 * hour);
    expect(times).toHaveLength(1);
    await forceBreaker(bus.tools, admin, 'shop', { state: 'closed' });
    await bus.clock.until(() => times.length === 3, 2 * hour);
    expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '2', '3']);
  });
});

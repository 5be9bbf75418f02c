import { afterAll, beforeAll, expect, it } from 'vitest';
import { verify } from '../../lib/client/index.ts';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Arrival, startSink } from './sink.ts';

let bus: AcceptanceBus;
beforeAll(async () => {
  bus = await startBus();
});
afterAll(async () => {
  expect(await bus?.stop()).toBe(0);
});

const signatures = ({ headers }: Arrival) => String(headers['webhook-signature']).split(' ').length;

it('a consumer rotates its secret without a gap, and ends the earlier one', async () => {
  const sink = await startSink();
  const path = '/v1/receivers/rotating';
  const made = await bus.call('PUT', path, { endpoint: sink.url });
  const old = made.body.secret;

  const rotated = await bus.call('POST', `${path}/rotate-secret`, { overlapSeconds: 3600 });
  expect(rotated.status).toBe(200);
  const { secret } = rotated.body;
  expect(rotated.body).toMatchObject({
    receiver: 'rotating',
    earlierSecrets: [{ until: expect.any(String) }],
  });
  expect((await bus.call('GET', path)).body).not.toHaveProperty('secret');

  // The functions cache a receiver for some seconds.
  const publish = () => bus.call('POST', `${path}/events`, { type: 'test', data: {} });
  await publish();
  const [during] = await sink.waitFor(1, (arrival) => signatures(arrival) === 2);
  for (const known of [old, secret]) {
    expect(verify({ headers: during?.headers ?? {}, body: during?.body ?? '', secret: known }).attempt).toBe(
      1,
    );
  }

  await bus.call('POST', `${path}/rotate-secret`, { secret, overlapSeconds: 0 });
  await expect
    .poll(
      async () => {
        const before = sink.arrivals.length;
        await publish();
        await sink.waitFor(before + 1);
        return sink.arrivals.slice(before).every((arrival) => signatures(arrival) === 1);
      },
      { timeout: 15_000, interval: 500 },
    )
    .toBe(true);
  const last = sink.arrivals.at(-1);
  expect(() => verify({ headers: last?.headers ?? {}, body: last?.body ?? '', secret: old })).toThrow(
    'None of the signatures',
  );
  expect(verify({ headers: last?.headers ?? {}, body: last?.body ?? '', secret }).attempt).toBe(1);
  await sink.close();
});

it('a rotation with an unknown field is refused with its name', async () => {
  const sink = await startSink();
  await bus.call('PUT', '/v1/receivers/refusing', { endpoint: sink.url });
  const refused = await bus.call('POST', '/v1/receivers/refusing/rotate-secret', { overlap: 5 });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'overlap' }] });
  await sink.close();
});

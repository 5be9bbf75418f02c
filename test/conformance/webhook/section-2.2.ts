import { describe, expect, it } from 'vitest';
import { type Answer, type Endpoint, openEndpoint } from './endpoint.ts';
import type { Sender } from './sender.ts';

/** Longer than a sender needs to try a failure again, so that what did not come by then is not on its way. */
const retryAfterSeconds = 4;
const idOf = ({ body, headers }: { body: string; headers: Record<string, unknown> }): string =>
  String(headers['ce-id'] ?? JSON.parse(body).id);
const delivered = (endpoint: Endpoint) => endpoint.arrived('POST').map(idOf);

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#22-delivery-response */
export const deliveryResponse = (sender: () => Sender) =>
  describe('2.2 Delivery response', () => {
    it.each<[string, Answer]>([
      ['200 with a payload', { status: 200, headers: { 'content-type': 'text/plain' }, body: 'done' }],
      ['201 with a payload', { status: 201, headers: { 'content-type': 'text/plain' }, body: 'made' }],
      ['201 without', { status: 201 }],
      ['204', { status: 204 }],
      ['202, "accepted, but not yet processed"', { status: 202 }],
    ])('takes %s for accepted, and does not send it again', async (_, answer) => {
      const endpoint = await openEndpoint({ post: () => answer });
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('accepted');
      await endpoint.awaitArrivals('POST', 1);
      // A failure elsewhere, and its retry, take longer than a retry here would.
      const other = await openEndpoint({ post: (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }) });
      await (await sender().register({ url: other.url, validate: false })).publish('other');
      await other.awaitArrivals('POST', 2);
      expect(delivered(endpoint)).toEqual(['accepted']);
    });

    it.each([301, 302, 303, 307, 308])(
      '"The client MUST NOT follow any such redirection": %i',
      async (status) => {
        const elsewhere = await openEndpoint({});
        const endpoint = await openEndpoint({
          post: (_, earlier) =>
            earlier === 0 ? { status, headers: { location: elsewhere.url } } : { status: 204 },
        });
        const registered = await sender().register({ url: endpoint.url, validate: false });
        await registered.publish('redirected');
        // It is no acceptance, either: the event comes again to where it was meant to go.
        await endpoint.awaitArrivals('POST', 2);
        for (const method of ['POST', 'GET', 'OPTIONS']) expect(elsewhere.arrived(method)).toEqual([]);
      },
    );

    it('"If a delivery target has been retired … 410 Gone … the sender SHOULD refrain from sending any further notifications."', async () => {
      const endpoint = await openEndpoint({ post: () => ({ status: 410 }) });
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('first');
      await endpoint.awaitArrivals('POST', 1);
      const other = await openEndpoint({ post: (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }) });
      await (await sender().register({ url: other.url, validate: false })).publish('other');
      await other.awaitArrivals('POST', 2);
      await registered.publish('second');
      const last = await openEndpoint({ post: (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }) });
      await (await sender().register({ url: last.url, validate: false })).publish('last');
      await last.awaitArrivals('POST', 2);
      expect(delivered(endpoint)).toEqual(['first']);
    });

    it.each([
      ['seconds', () => String(retryAfterSeconds)],
      // An HTTP date has whole seconds, so that up to one of them is lost.
      ['a date', () => new Date(Date.now() + (retryAfterSeconds + 1) * 1000).toUTCString()],
    ])(
      '"The sender MUST observe the value of the Retry-After header", in %s, with 429',
      async (_, retryAfter) => {
        const endpoint = await openEndpoint({
          post: (_, earlier) =>
            earlier === 0 ? { status: 429, headers: { 'retry-after': retryAfter() } } : { status: 204 },
        });
        const registered = await sender().register({ url: endpoint.url, validate: false });
        await registered.publish('throttled');
        const [first, second] = await endpoint.awaitArrivals('POST', 2);
        expect(delivered(endpoint)).toEqual(['throttled', 'throttled']);
        expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(
          retryAfterSeconds * 1000 - 100,
        );
      },
    );

    it('"… and refrain from sending further requests until the indicated time": of other notifications, too', async () => {
      const endpoint = await openEndpoint({
        post: (_, earlier) =>
          earlier === 0
            ? { status: 429, headers: { 'retry-after': String(retryAfterSeconds) } }
            : { status: 204 },
      });
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('first');
      await endpoint.awaitArrivals('POST', 1);
      // It has the answer by the time that it has delivered to somebody else.
      const other = await openEndpoint({});
      await (await sender().register({ url: other.url, validate: false })).publish('other');
      await other.awaitArrivals('POST', 1);
      await registered.publish('second');
      const [first, next] = await endpoint.awaitArrivals('POST', 3);
      expect((next?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(retryAfterSeconds * 1000 - 100);
      expect(new Set(delivered(endpoint))).toEqual(new Set(['first', 'second']));
    });

    it.each([415, 400, 500, 503])('takes %i for no acceptance', async (status) => {
      const endpoint = await openEndpoint({
        post: (_, earlier) => ({ status: earlier === 0 ? status : 204 }),
      });
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('refused');
      await endpoint.awaitArrivals('POST', 2);
      expect(new Set(delivered(endpoint))).toEqual(new Set(['refused']));
    });
  });

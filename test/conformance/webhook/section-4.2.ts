import { describe, expect, it } from 'vitest';
import { type Answer, agreeing, openEndpoint } from './endpoint.ts';
import type { Sender } from './sender.ts';

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#42-validation-response */
export const validationResponse = (sender: () => Sender) =>
  describe('4.2 Validation response', () => {
    it.for<[string, (origin: string) => Answer]>([
      [
        '"either the origin name supplied in the WebHook-Request-Origin header"',
        (origin) => granting(origin),
      ],
      ['"or a singular asterisk character"', () => granting('*')],
      [
        'without WebHook-Allowed-Rate, when none was requested',
        (origin) => ({ status: 200, headers: { 'WebHook-Allowed-Origin': origin } }),
      ],
      ['with 204', () => ({ ...granting('*'), status: 204 })],
    ])('4.2.1 is consent: %s', async ([, answer], context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({
        options: ({ headers }) => answer(String(headers['webhook-request-origin'])),
        post: () => ({ status: 204 }),
      });
      const registered = await sender().register({ url: endpoint.url, validate: true });
      await registered.publish('granted');
      await endpoint.awaitArrivals('POST', 1);
      expect(['granted', undefined]).toContain(await registered.agreement());
    });

    it.for<[string, Answer]>([
      ['"the handshake cannot rely on status codes": 200 alone', { status: 200, headers: { Allow: 'POST' } }],
      ['204 alone', { status: 204 }],
      [
        'CORS headers',
        {
          status: 204,
          headers: { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Methods': 'POST' },
        },
      ],
      ['"it SHOULD respond with HTTP status code 405"', { status: 405 }],
      ['another origin', granting('somebody-else.example.org')],
      ['a redirect to a target that agrees', { status: 307, headers: { location: '/agrees' } }],
    ])('4.2 is no consent: %s', async ([, answer], context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({
        options: ({ target, ...arrival }, earlier) =>
          target === '/agrees' ? agreeing()({ target, ...arrival }, earlier) : answer,
        post: () => ({ status: 204 }),
      });
      const registered = await sender().register({ url: endpoint.url, validate: true });
      await registered.publish('not granted');
      await endpoint.awaitArrivals('OPTIONS', 1);
      const other = await openEndpoint({ post: (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }) });
      await (await sender().register({ url: other.url, validate: false })).publish('other');
      await other.awaitArrivals('POST', 2);
      expect(endpoint.arrived('POST')).toEqual([]);
      expect(await registered.agreement()).not.toBe('granted');
    });

    it('4.2.2 "The header grants permission to send notifications at the specified rate … requests per minute."', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({ options: agreeing('60'), post: () => ({ status: 204 }) });
      const registered = await sender().register({ url: endpoint.url, validate: true });
      for (let event = 0; event < 5; event++) await registered.publish(`rated ${event}`);
      const arrivals = await endpoint.awaitArrivals('POST', 5);
      const tookMs = (arrivals.at(-1)?.atMs ?? 0) - (arrivals[0]?.atMs ?? 0);
      // Five at one a second take four; a tenth for clocks and sockets.
      expect(tookMs).toBeGreaterThanOrEqual(3600);
    });
  });

function granting(origin: string): Answer {
  return { status: 200, headers: { 'WebHook-Allowed-Origin': origin, 'WebHook-Allowed-Rate': '*' } };
}

import { describe, expect, it } from 'vitest';
import { agreeing, openEndpoint } from './endpoint.ts';
import type { Sender } from './sender.ts';

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#41-validation-request */
export const validationRequest = (sender: () => Sender) =>
  describe('4.1 Validation request', () => {
    it('"uses the HTTP OPTIONS method. The request is directed to the exact resource target URI that is being registered."', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({ options: agreeing() });
      await sender().register({ url: endpoint.url, validate: true });
      const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
      expect(asked?.target).toBe('/hooks/shop?tenant=7');
    });

    it('4.1.2 "The WebHook-Request-Origin header MUST be included … a DNS expression that identifies the sending system": the same for all endpoints', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const origins: unknown[] = [];
      for (let endpoints = 0; endpoints < 2; endpoints++) {
        const endpoint = await openEndpoint({ options: agreeing() });
        await sender().register({ url: endpoint.url, validate: true });
        const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
        origins.push(asked?.headers['webhook-request-origin']);
      }
      expect(origins[0]).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i);
      expect(origins[1]).toBe(origins[0]);
    });

    it('4.1.4 "The WebHook-Request-Rate header MAY be included … a positive integer number greater than zero … requests per minute."', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({ options: agreeing() });
      await sender().register({ url: endpoint.url, validate: true, ratePerMinute: 120 });
      const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
      const rate = asked?.headers['webhook-request-rate'];
      if (rate !== undefined) expect(rate).toBe('120');
    });

    it('"requests permission": nothing is delivered before it is granted', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({});
      const registered = await sender().register({ url: endpoint.url, validate: true });
      await registered.publish('early');
      await endpoint.awaitArrivals('OPTIONS', 1);
      // What goes on meanwhile elsewhere shows that the sender is not just slow.
      const other = await openEndpoint({ post: (_, earlier) => ({ status: earlier === 0 ? 500 : 204 }) });
      await (await sender().register({ url: other.url, validate: false })).publish('other');
      await other.awaitArrivals('POST', 2);
      expect(endpoint.arrived('POST')).toEqual([]);
      expect(['pending', 'refused', undefined]).toContain(await registered.agreement());
    });
  });

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#413-webhook-request-callback */
export const callback = (sender: () => Sender) =>
  describe('4.1.3 WebHook-Request-Callback', () => {
    it.for(['GET', 'POST'])(
      '"The delivery target grants permission by issuing an HTTPS GET or POST request against the given URL": %s',
      async (method, context) => {
        context.skip(!sender().supports.callback, 'The sender knows no callback.');
        // "If the delivery target chooses to grant permission by callback, it withholds the response headers."
        const endpoint = await openEndpoint({
          options: () => ({ status: 200, headers: { Allow: 'POST' } }),
          post: () => ({ status: 204 }),
        });
        const registered = await sender().register({ url: endpoint.url, validate: true });
        await registered.publish('granted later');
        const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
        expect(endpoint.arrived('POST')).toEqual([]);
        // "The delivery target MAY include the WebHook-Allowed-Rate response in the callback."
        const answer = await fetch(String(asked?.headers['webhook-request-callback']), {
          method,
          headers: { 'WebHook-Allowed-Rate': '600' },
        });
        expect(answer.ok).toBe(true);
        const [delivered] = await endpoint.awaitArrivals('POST', 1);
        expect(delivered?.headers['webhook-request-origin']).toBe(asked?.headers['webhook-request-origin']);
      },
    );

    it('"a secret key that makes the URL difficult to guess so that 3rd parties cannot spoof the delivery target"', async (context) => {
      context.skip(!sender().supports.callback, 'The sender knows no callback.');
      const urls: URL[] = [];
      for (let endpoints = 0; endpoints < 2; endpoints++) {
        const endpoint = await openEndpoint({});
        await sender().register({ url: endpoint.url, validate: true });
        const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
        urls.push(new URL(String(asked?.headers['webhook-request-callback'])));
      }
      const [mine, others] = urls;
      if (mine === undefined || others === undefined) throw new Error('There were two.');
      expect(mine.href.length).toBeGreaterThan(mine.origin.length + 20);
      // The key of one target does not open the door of another.
      for (const [name, value] of others.searchParams) mine.searchParams.set(name, value);
      expect((await fetch(mine)).ok).toBe(false);
    });
  });

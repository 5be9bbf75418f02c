import { describe, expect, it } from 'vitest';
import { agreeing, openEndpoint, openUntrustedEndpoint } from './endpoint.ts';
import type { Sender } from './sender.ts';

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#21-delivery-request */
export const deliveryRequest = (sender: () => Sender) =>
  describe('2.1 Delivery request', () => {
    it('"The HTTP method for the delivery request MUST be POST."', async () => {
      const endpoint = await openEndpoint({});
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('post');
      const [arrival] = await endpoint.awaitArrivals('POST', 1);
      // "It also does not prescribe the HTTP target resource": whatever was registered, query included.
      expect(arrival?.target).toBe('/hooks/shop?tenant=7');
    });

    it('"The Content-Type header MUST be carried and the request MUST carry a notification payload of the given content type."', async () => {
      const endpoint = await openEndpoint({});
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('payload');
      const [arrival] = await endpoint.awaitArrivals('POST', 1);
      const contentType = arrival?.headers['content-type'] ?? '';
      expect(contentType).toMatch(/^[\w.+-]+\/[\w.+-]+/);
      // "Requests without payloads are not permitted by this specification."
      expect(arrival?.body.length).toBeGreaterThan(0);
      if (/[/+]json\b/.test(contentType)) expect(() => JSON.parse(arrival?.body ?? '')).not.toThrow();
    });

    it('"HTTP-over-TLS (HTTPS) RFC2818 MUST be used for the connection": a certificate that nobody vouches for is refused', async () => {
      const endpoint = await openUntrustedEndpoint();
      const registered = await sender().register({ url: endpoint.url, validate: false });
      await registered.publish('untrusted');
      await endpoint.refused;
      expect(endpoint.requests()).toBe(0);
    });

    it('"HTTPS MUST be used for the connection": plain HTTP is refused', async (context) => {
      context.skip(!sender().supports.httpsOnly, 'The sender was set up for tests on plain HTTP.');
      const endpoint = await openEndpoint({});
      await expect(sender().register({ url: endpoint.url, validate: false })).rejects.toThrow();
    });

    it('"If the delivery target supports and requires Abuse Protection, the delivery request MUST include the WebHook-Request-Origin header."', async (context) => {
      context.skip(!sender().supports.validation, 'The sender knows no validation.');
      const endpoint = await openEndpoint({ options: agreeing(), post: () => ({ status: 204 }) });
      const registered = await sender().register({ url: endpoint.url, validate: true });
      await registered.publish('origin');
      const [asked] = await endpoint.awaitArrivals('OPTIONS', 1);
      const [delivered] = await endpoint.awaitArrivals('POST', 1);
      // 4.1.2: "with the value matching that of this header".
      expect(delivered?.headers['webhook-request-origin']).toBe(asked?.headers['webhook-request-origin']);
    });
  });

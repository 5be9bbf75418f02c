import { describe, expect, it } from 'vitest';
import { openEndpoint } from './endpoint.ts';
import type { Sender } from './sender.ts';

/** https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/http-webhook.md#3-authorization */
export const authorization = (sender: () => Sender) =>
  describe('3 Authorization', () => {
    it('3.1 "The access token is sent in the Authorization request header field … the Bearer scheme MUST be used."', async () => {
      const endpoint = await openEndpoint({});
      const bearerToken = 'mF_9.B5f-4.1JqM';
      const registered = await sender().register({ url: endpoint.url, validate: false, bearerToken });
      await registered.publish('authorized');
      const [arrival] = await endpoint.awaitArrivals('POST', 1);
      expect(arrival?.headers.authorization).toBe(`Bearer ${bearerToken}`);
      // 3.2: the URI method "SHOULD NOT be used".
      expect(arrival?.target).not.toContain(bearerToken);
    });

    it('"Challenge-based schemes MUST NOT be used": a challenge is no reason to send anything else', async () => {
      const endpoint = await openEndpoint({
        post: (_, earlier) =>
          earlier === 0
            ? { status: 401, headers: { 'www-authenticate': 'Basic realm="a", Digest nonce="b"' } }
            : { status: 204 },
      });
      const registered = await sender().register({ url: endpoint.url, validate: false, bearerToken: 'abcd' });
      await registered.publish('challenged');
      const arrivals = await endpoint.awaitArrivals('POST', 2);
      expect(arrivals.map(({ headers }) => headers.authorization)).toEqual(['Bearer abcd', 'Bearer abcd']);
    });
  });

import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6 } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isPublicAddress } from '../../../lib/core/kernel/address.ts';
import type { Addresses } from '../../../lib/runtime/http/addresses.ts';
import { createHttp } from '../../../lib/runtime/http/client.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { virtualClock } from '../../../lib/stand-in/clock.ts';
import { forbiddenAnswers, forbiddenByText } from '../../corpus/forbidden-endpoints.ts';

const clock = () => virtualClock(Date.parse('2026-01-01T00:00:00Z'));
const request = (method: HttpRequest['method'], url: string): HttpRequest => ({
  method,
  url,
  headers: {},
  timeoutMs: 15_000,
});

/** A resolver that gives a name one answer after another, and tells how often it was asked. */
function scripted(...answers: readonly (readonly string[])[]) {
  const asked: string[] = [];
  const lookup: Addresses['lookup'] = (hostname, _, callback) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    const addresses = answer.map((address): LookupAddress => ({ address, family: isIPv6(address) ? 6 : 4 }));
    process.nextTick(callback, null, addresses);
  };
  return { asked, lookup };
}

/** The real client, as it runs on AWS, with a resolver of the test's. */
const client = (addresses: Addresses) =>
  createHttp({ clock: clock(), endpoints: 'public', ports: 'any', addresses });

/** Counts who connects, and closes each connection at once. */
async function counter(): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => undefined);
    socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

describe('an endpoint that its text forbids', () => {
  const parsed = forbiddenByText.filter(([, endpoint]) => URL.canParse(endpoint));

  it.each(parsed)('is not called, though its name may resolve to anything: %s, %s', async (_, endpoint) => {
    const { lookup } = scripted(['127.0.0.1']);
    const http = client({ lookup, isAllowed: isPublicAddress });
    for (const method of ['POST', 'HEAD', 'OPTIONS'] as const) {
      expect(await http.send(request(method, endpoint))).toMatchObject({
        kind: 'failure',
        failure: 'forbidden',
      });
    }
  });
});

describe('an endpoint whose name leads where it must not', () => {
  it.each(forbiddenAnswers)('is not called: %s', async (_, name, answers) => {
    const { lookup, asked } = scripted(answers);
    const http = client({ lookup, isAllowed: isPublicAddress });
    expect(await http.send(request('POST', `https://${name}/`))).toEqual({
      kind: 'failure',
      failure: 'forbidden',
      message: `The endpoint's name ${name} resolves to no public address.`,
    });
    expect(asked).toEqual([name]);
  });
});

describe('the address that is called', () => {
  // Loopback stands for the internet here, so that a connection can be seen.
  const isAllowed = (address: string) => address === '127.0.0.1';

  it('is the one that was checked: a name that leads elsewhere the next time is refused then', async () => {
    const { port, connections } = await counter();
    const { lookup, asked } = scripted(['127.0.0.1'], ['169.254.169.254']);
    const http = client({ lookup, isAllowed });
    const first = await http.send(request('POST', `https://rebinding.example.com:${port}/`));
    // One answer for one connection: nobody asks again between the check and the call.
    expect(asked).toHaveLength(1);
    expect(connections()).toBe(1);
    expect(first).toMatchObject({ kind: 'failure' });
    expect(first).not.toMatchObject({ failure: 'forbidden' });
    expect(await http.send(request('POST', `https://rebinding.example.com:${port}/`))).toMatchObject({
      failure: 'forbidden',
    });
    expect(connections()).toBe(1);
  });

  it.each<[string, readonly string[]]>([
    ['first', ['127.0.0.1', '127.0.0.2', '::1']],
    ['last', ['127.0.0.2', '::1', '127.0.0.1']],
  ])('is never a forbidden one of a mixed answer, with the allowed one %s', async (_, answers) => {
    const { port, connections } = await counter();
    const { lookup } = scripted(answers);
    const outcome = await client({ lookup, isAllowed }).send(
      request('POST', `https://mixed.example.com:${port}/`),
    );
    expect(connections()).toBe(1);
    // Nobody listens at the other addresses: had one been called, it would say refused.
    expect(outcome).toMatchObject({ kind: 'failure', failure: 'reset' });
  });
});

describe('a port that the operator did not allow', () => {
  it('is not called, though the endpoint was registered before', async () => {
    const { port, connections } = await counter();
    const http = createHttp({ clock: clock(), endpoints: 'any', ports: [443, 8443] });
    expect(await http.send(request('POST', `http://127.0.0.1:${port}/`))).toEqual({
      kind: 'failure',
      failure: 'forbidden',
      message: `The endpoint's port is none that this bus calls (443,8443).`,
    });
    expect(connections()).toBe(0);
  });
});

import { Agent, request } from 'node:http';
import { CreateQueueCommand, ListQueuesCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listen, type ServerRequest, type ServerResponseParts } from '../../lib/stand-in/server.ts';
import { startTestStack, writeAssembly } from './stack.ts';

async function serve(
  handle: (request: ServerRequest) => Promise<ServerResponseParts>,
  options: { bodyBytesMax?: number; port?: number; hosts?: readonly string[] } = {},
) {
  const errors: unknown[] = [];
  const server = await listen({
    port: options.port ?? 0,
    name: 'the API',
    variable: 'PORT',
    hosts: options.hosts ?? [],
    hostsVariable: 'HOSTS',
    bodyBytesMax: options.bodyBytesMax ?? 1024,
    tooLarge: { status: 413, headers: {}, body: 'too large' },
    handle,
    onError: (error) => void errors.push(error),
  });
  onTestFinished(() => server.close());
  return { ...server, errors };
}

const ok = (body: string): ServerResponseParts => ({ status: 200, headers: { 'x-a': 'b' }, body });

describe('a server', () => {
  test('passes on the request as received, and sends the answer with its cookies', async () => {
    let seen: ServerRequest | undefined;
    const { url } = await serve(async (given) => {
      seen = given;
      return { ...ok('né'), cookies: ['a=1', 'b=2'] };
    });
    const response = await fetch(`${url}/a%20b?x=1%202`, {
      method: 'POST',
      body: 'hello',
      headers: { 'X-Y': 'z' },
    });
    expect(seen).toMatchObject({ method: 'POST', path: '/a%20b', query: 'x=1%202', sourceIp: '127.0.0.1' });
    expect(seen?.headers['x-y']).toBe('z');
    expect(Buffer.from(seen?.body ?? []).toString()).toBe('hello');
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([200, 'b', 'né']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response.headers.get('content-length')).toBe('3');
  });

  test('rejects a body above its limit without reading all of it', async () => {
    const { url } = await serve(async () => ok('never'));
    const response = await fetch(url, { method: 'POST', body: 'x'.repeat(1025) });
    expect([response.status, await response.text()]).toEqual([413, 'too large']);
    expect(response.headers.get('connection')).toBe('close');
  });

  test('answers 500 and reports the error when its handler fails', async () => {
    const { url, errors } = await serve(async () => {
      throw new Error('a defect');
    });
    const response = await fetch(url);
    expect([response.status, await response.json()]).toEqual([500, { message: 'Internal Server Error' }]);
    expect(errors.map(String)).toEqual(['Error: a defect']);
  });

  test('listens only on the loopback address', async () => {
    expect((await serve(async () => ok(''))).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  describe('that a web page calls', () => {
    /** fetch sets Host and Sec-Fetch headers itself. */
    const statusOf = (url: string, headers: Record<string, string> | string[], method = 'POST') =>
      new Promise<[number | undefined, string]>((resolve, reject) => {
        request(url, { headers, method }, (response) => {
          let body = '';
          response.on('data', (chunk) => {
            body += String(chunk);
          });
          response.on('end', () => resolve([response.statusCode, body === '' ? '' : codeOf(body)]));
        })
          .on('error', reject)
          .end();
      });
    const codeOf = (body: string) => (body.startsWith('{') ? String(JSON.parse(body).code) : body);
    const foreignHost = [403, 'foreign_host'];
    const foreignOrigin = [403, 'foreign_origin'];

    test('serves only its own names, so a page cannot rebind one to it', async () => {
      const { url, port } = await serve(async () => ok('served'), {
        hosts: ['laptop.lan', 'proxy.test:8080'],
      });
      const own = [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`];
      for (const host of [...own, 'laptop.lan', 'laptop.lan:1', 'proxy.test:8080']) {
        expect([host, ...(await statusOf(url, { host }))]).toEqual([host, 200, 'served']);
      }
      const foreign = [
        'evil.test',
        `evil.test:${port}`,
        'localhost',
        'localhost:1',
        `localhost.evil.test:${port}`,
        `evil.test#@localhost:${port}`,
        `user@localhost:${port}`,
        `localhost:${port}/x`,
        `127.1:${port}`,
        'proxy.test',
        'proxy.test:1',
      ];
      for (const host of foreign) {
        expect([host, ...(await statusOf(url, { host }))]).toEqual([host, ...foreignHost]);
      }
    });

    test('serves its own pages and those the user trusts, and no other', async () => {
      const { url, port } = await serve(async () => ok('served'), { hosts: ['localhost:5173'] });
      const host = `localhost:${port}`;
      const served = [200, 'served'];
      const cases: [Record<string, string>, unknown[]][] = [
        [{}, served],
        [{ origin: `http://localhost:${port}` }, served],
        [{ origin: `http://127.0.0.1:${port}`, 'sec-fetch-site': 'cross-site' }, served],
        [{ origin: 'http://localhost:5173', 'sec-fetch-site': 'same-site' }, served],
        [{ 'sec-fetch-site': 'same-origin' }, served],
        [{ 'sec-fetch-site': 'none' }, served],
        [{ 'sec-fetch-site': 'cross-site' }, foreignOrigin],
        [{ 'sec-fetch-site': 'same-site' }, foreignOrigin],
        [{ origin: 'null' }, foreignOrigin],
        [{ origin: 'https://evil.test' }, foreignOrigin],
        [{ origin: 'http://localhost:3000' }, foreignOrigin],
        [{ origin: `http://localhost:${port}.evil.test` }, foreignOrigin],
        [{ origin: `file://localhost:${port}` }, foreignOrigin],
      ];
      for (const [headers, expected] of cases) {
        expect([headers, ...(await statusOf(url, { host, ...headers }))]).toEqual([headers, ...expected]);
      }
    });

    test('may be reached by a link on another page, and by nothing else there', async () => {
      const { url, port } = await serve(async () => ok('served'));
      const host = `localhost:${port}`;
      const followed = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      };
      expect(await statusOf(url, { host, ...followed }, 'GET')).toEqual([200, 'served']);
      const others: [string, Record<string, string>][] = [
        ['POST', {}],
        ['GET', { 'sec-fetch-dest': 'iframe' }],
        ['GET', { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' }],
        ['GET', { 'sec-fetch-mode': 'cors' }],
        ['GET', { origin: 'https://evil.test' }],
      ];
      for (const [method, headers] of others) {
        const status = await statusOf(url, { host, ...followed, ...headers }, method);
        expect([method, headers, ...status]).toEqual([method, headers, ...foreignOrigin]);
      }
    });

    test('gets a problem document that names the remedy', async () => {
      const { url, port } = await serve(async () => ok('served'));
      const response = await fetch(url, { headers: { origin: 'https://evil.test' } });
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({
        detail: expect.stringMatching(/"https:\/\/evil\.test".*HOSTS=/),
      });
      for (const raw of [
        ['Host', `localhost:${port}`, 'Host', 'evil.test'],
        ['Host', ''],
      ]) {
        expect(await statusOf(url, raw)).toEqual(foreignHost);
      }
    });
  });

  test('reports a port that is taken, with the remedy', async () => {
    const { port } = await serve(async () => ok(''));
    await expect(serve(async () => ok(''), { port })).rejects.toThrow(
      `Port ${port} is in use, so the API cannot listen there: stop the program that uses it, or choose another port with PORT=${port + 1}.`,
    );
  });

  test('finishes what runs when it closes, and accepts nothing more', async () => {
    const entered = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const { url, close } = await serve(async () => {
      entered.resolve();
      await gate.promise;
      return ok('done');
    });
    const agent = new Agent({ keepAlive: true });
    const response = new Promise<string>((resolve, reject) => {
      request(url, { agent }, (incoming) => {
        incoming.resume().on('end', () => resolve(`${incoming.statusCode} ${incoming.headers.connection}`));
      })
        .on('error', reject)
        .end();
    });
    await entered.promise;
    const closed = close();
    await expect(fetch(url)).rejects.toThrow();
    gate.resolve();
    expect(await response).toBe('200 close');
    await closed;
  });

  test('tells its handler when the client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const { url } = await serve(async ({ signal }) => {
      signal.addEventListener('abort', () => gone.resolve());
      entered.resolve();
      await gone.promise;
      return ok('nobody');
    });
    const abort = new AbortController();
    const response = fetch(url, { signal: abort.signal });
    await entered.promise;
    abort.abort();
    await expect(response).rejects.toThrow();
    await gone.promise;
  });
});

const credentials = { accessKeyId: 'THECALLER', secretAccessKey: 'the secret of the caller' };

describe('the AWS endpoint of a stack', () => {
  async function start() {
    const stack = await startTestStack(writeAssembly({ Queue: { Type: 'AWS::SQS::Queue' } }), {
      awsPort: 0,
      awsCredentials: credentials,
    });
    const sqs = new SQSClient({
      region: 'us-east-1',
      endpoint: stack.awsUrl,
      credentials,
      maxAttempts: 1,
    });
    onTestFinished(() => sqs.destroy());
    return { stack, sqs };
  }

  test('answers an SDK over a socket, with queue URLs that lead back to it', async () => {
    const { stack, sqs } = await start();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'by-hand' }));
    expect(QueueUrl).toBe(`${stack.awsUrl}/000000000000/by-hand`);
    expect((await sqs.send(new ListQueuesCommand({}))).QueueUrls).toHaveLength(2);
  });

  test('serves nobody without the credentials', async () => {
    const { stack } = await start();
    const call = (as: typeof credentials) => {
      const client = new SQSClient({
        region: 'us-east-1',
        endpoint: stack.awsUrl,
        credentials: as,
        maxAttempts: 1,
      });
      onTestFinished(() => client.destroy());
      return client.send(new ListQueuesCommand({}));
    };
    await expect(call({ ...credentials, secretAccessKey: 'guessed' })).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    });
    await expect(call({ ...credentials, accessKeyId: 'SOMEBODY' })).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    });
    const unsigned = await fetch(stack.awsUrl, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.ListQueues' },
      body: '{}',
    });
    expect([unsigned.status, unsigned.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'MissingAuthenticationToken',
    ]);
    // As for a request of a web page under a name of its own.
    expect((await fetch(stack.awsUrl, { headers: { origin: 'https://evil.test' } })).status).toBe(403);
  });

  test('does not wait for a long poll when it closes', async () => {
    const { stack, sqs } = await start();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'empty' }));
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 })).then(
      ({ Messages }) => Messages ?? [],
      () => [],
    );
    // One answered request after it shows that the poll has arrived.
    await sqs.send(new ListQueuesCommand({}));
    const startedMs = performance.now();
    await stack.close();
    expect(await poll).toEqual([]);
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});

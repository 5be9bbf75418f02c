import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runCli } from './run-cli.ts';

interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** A bus that gives prepared answers and records the requests. */
export async function scriptedBus() {
  const requests: { call: string; body: string }[] = [];
  let answers: readonly Answer[] = [{ status: 200, body: {} }];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += String(chunk);
    });
    request.on('end', () => {
      requests.push({ call: `${request.method} ${request.url}`, body: text });
      const [{ status, body } = { status: 200, body: {} }, ...later] = answers;
      if (later.length > 0) answers = later;
      response.writeHead(status, {
        'content-type': status >= 400 ? 'application/problem+json' : 'application/json',
      });
      response.end(body === undefined ? undefined : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    /** Gives these bodies in turn, with status 200; the last one again and again. */
    answerWith(...bodies: readonly unknown[]) {
      answers = bodies.map((body) => ({ status: 200, body }));
    },
    /** Gives this answer to every request. */
    answer(answer: Answer) {
      answers = [answer];
    },
    run: (...args: string[]) =>
      runCli(args, { env: { BUSBAR_URL: `http://127.0.0.1:${port}`, BUSBAR_KEY: 'k' } }),
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

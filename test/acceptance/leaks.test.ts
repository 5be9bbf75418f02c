import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDBClient, ListTablesCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runCli } from '../cli/run-cli.ts';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Answerer, type Sink, startSink } from './sink.ts';

const whsec = (text: string) => `whsec_${Buffer.from(text.padEnd(32, '.')).toString('base64')}`;

/** Every secret of the run, by the name that a failure prints instead of it. */
const planted: Record<string, string> = {
  'the secret': whsec('planted first secret'),
  'the rotated secret': whsec('planted second secret'),
  'a secret that is refused': `whsec_planted-and-refused!!`,
  'an authorization': 'planted-authorization',
  'a key in a header': 'planted-api-key',
  'the client secret': 'planted-client-secret',
  'a refused client secret': 'planted-refused-client-secret',
  'a token': 'planted-access-token',
  'a routing key': 'planted-routing-key',
};
const basic = Buffer.from(`bus:${planted['the client secret']}`).toString('base64');

let bus: AcceptanceBus;
const sinks: Sink[] = [];
/** Everything that the run printed or returned, and where. */
const said: [where: string, text: string][] = [];

beforeAll(async () => {
  bus = await startBus();
});
afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

async function call(method: string, path: string, body?: unknown) {
  const answer = await bus.call(method, path, body);
  // A new secret is shown once, in the response to the call that created it.
  const { secret: _, ...rest } = typeof answer.body === 'object' ? answer.body : { text: answer.body };
  said.push([`${method} ${path}`, JSON.stringify(rest)]);
  return answer;
}

async function cli(...args: string[]): Promise<void> {
  const { stdout, stderr } = await runCli(args, { env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey } });
  said.push([`busbar ${args.slice(0, 2).join(' ')}`, `${stdout}\n${stderr}`]);
}

async function endpoint(answer: Answerer): Promise<string> {
  const sink = await startSink(answer);
  sinks.push(sink);
  return sink.url;
}

/** An endpoint that fails and echoes everything that it receives. */
const echo: Answerer = ({ headers, body }, response) =>
  response.writeHead(500).end(`${JSON.stringify(headers)}\n${body}`);

it('no secret of a receiver is in a log, a response, a trace, a dead letter or the output of the CLI', async () => {
  const echoing = await endpoint(echo);
  let tokensIssued = 0;
  const tokenUrl = await endpoint(({ headers, body }, response) => {
    if (tokensIssued++ === 0) {
      response
        .writeHead(200)
        .end(JSON.stringify({ access_token: planted['a token'], token_type: 'Bearer', expires_in: 1 }));
    } else {
      response
        .writeHead(400)
        .end(`${JSON.stringify({ error: body, error_description: headers.authorization })}`);
    }
  });
  const retry = { delaysSeconds: [1, 2] };
  const headers = {
    authorization: `Bearer ${planted['an authorization']}`,
    'x-api-key': planted['a key in a header'],
  };
  const oauth2 = { tokenUrl, clientId: 'bus', clientSecret: planted['the client secret'] };

  await call('PUT', '/v1/topics/leaks', {});
  const put = await call('PUT', '/v1/receivers/static', {
    endpoint: echoing,
    retry,
    headers,
    secret: planted['the secret'],
  });
  expect(put.status).toBe(201);
  expect((await call('PUT', '/v1/receivers/granted', { endpoint: echoing, retry, oauth2 })).status).toBe(201);
  const paged = { endpoint: echoing, retry, format: 'pagerduty', routingKey: planted['a routing key'] };
  expect((await call('PUT', '/v1/receivers/paged', paged)).status).toBe(201);
  for (const receiver of ['static', 'granted', 'paged']) {
    await call('PUT', `/v1/topics/leaks/subscriptions/${receiver}`, {});
  }
  const rotated = await call('POST', '/v1/receivers/static/rotate-secret', {
    secret: planted['the rotated secret'],
  });
  expect(rotated.status).toBe(200);

  // A refusal contains the name of the field, not its value.
  const refused = [
    await call('PUT', '/v1/receivers/refused', {
      endpoint: echoing,
      secret: planted['a secret that is refused'],
    }),
    await call('POST', '/v1/receivers/static/rotate-secret', { secret: planted['a secret that is refused'] }),
    await call('PUT', '/v1/receivers/refused', {
      endpoint: 'nonsense',
      headers: { 'x api key': planted['a key in a header'] },
      oauth2: { ...oauth2, clientSecret: planted['a refused client secret'], scope: '"' },
    }),
    await call('PUT', '/v1/receivers/refused', { endpoint: echoing, headers, oauth2 }),
    await call('PUT', '/v1/receivers/refused', { ...paged, format: 'slack' }),
    await call('PUT', '/v1/receivers/refused', `{"secret": "${planted['the secret']}", `),
  ];
  expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);

  await call('POST', '/v1/topics/leaks/events', { type: 'test', id: 'leak', data: {} });
  for (const [receiver, cause] of [
    ['static', 'http-500'],
    ['granted', 'oauth2-http-400'],
    ['paged', 'http-500'],
  ]) {
    await expect
      .poll(async () => (await call('GET', `/v1/receivers/${receiver}/dead-letters`)).body, {
        timeout: 30_000,
        interval: 500,
      })
      .toMatchObject({ deadLetters: [{ cause }] });
  }
  await call('GET', '/v1/receivers');
  await call('GET', '/v1/receivers/static');
  await call('GET', '/v1/receivers/granted');
  await call('GET', '/v1/receivers/paged');
  const why = await call('GET', '/v1/events/leak');
  expect(JSON.stringify(why.body)).toContain('(hidden)');
  await Promise.all([
    cli('receivers', 'get', 'static'),
    cli('receivers', 'get', 'granted', '--json'),
    cli('receivers', 'list', '--json'),
    cli('dead-letters', 'static', '--json'),
    cli('dead-letters', 'granted'),
    cli('why', 'leak', '--json'),
    cli(
      'receivers',
      'put',
      'refused',
      '--endpoint',
      echoing,
      '--secret',
      planted['a secret that is refused'] ?? '',
    ),
  ]);

  said.push(['the log', readFileSync(join(bus.dataDirectory, 'busbar.log'), 'utf8')]);
  const dynamodb = new DynamoDBClient({
    endpoint: bus.awsUrl,
    region: 'us-east-1',
    credentials: bus.awsCredentials,
  });
  const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
  expect(TableNames.length).toBeGreaterThanOrEqual(2);
  let kept = 0;
  for (const TableName of TableNames) {
    const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName }));
    for (const item of Items) {
      const { pk: { S: pk = '' } = {} } = item;
      // The only place where they must be.
      if (pk === 'registry#receiver' || pk.startsWith('secret#')) kept++;
      else said.push([`the row ${pk}`, JSON.stringify(item)]);
    }
  }
  dynamodb.destroy();
  expect(kept).toBeGreaterThanOrEqual(3);

  // Proves that the run printed and sent what it should.
  expect(said.find(([where]) => where === 'the log')?.[1]).toContain('Attempt dead-letter');
  expect(said.filter(([where]) => where.startsWith('the row')).length).toBeGreaterThan(3);
  expect(
    sinks
      .flatMap(({ arrivals }) => arrivals)
      .some(({ headers: got }) => String(got.authorization).includes(planted['a token'] ?? '')),
  ).toBe(true);

  const forms = Object.entries(planted).flatMap(([name, secret]) => [
    [name, secret.replace(/^whsec_/, '')] as const,
    [`${name}, its bytes`, Buffer.from(secret.replace(/^whsec_/, ''), 'base64').toString('utf8')] as const,
  ]);
  const leaks = said.flatMap(([where, text]) =>
    [...forms, ['the Basic credentials', basic] as const]
      .filter(([, secret]) => secret.length > 8 && text.includes(secret))
      .map(([name]) => `${name} is in ${where}`),
  );
  expect(leaks).toEqual([]);
  // The test starts the CLI seven times.
}, 90_000);

it('only its owner can read the data directory', () => {
  const files = readdirSync(bus.dataDirectory);
  expect(files).toEqual(expect.arrayContaining(['engines.sqlite', 'busbar.log', 'admin.key']));
  for (const file of files) {
    expect([file, statSync(join(bus.dataDirectory, file)).mode & 0o077]).toEqual([file, 0]);
  }
});

import { Command } from 'commander';
import { createClient } from '../client/index.ts';
import { CliError } from './failure.ts';
import { type Session, wantsJson } from './session.ts';
import type { World } from './world.ts';

export function startCommand({ world }: Session): Command {
  return new Command('start')
    .description('run the whole bus on this machine')
    .addHelpText(
      'after',
      `
Environment:
  PORT              where the API listens (4100)
  AWS_PORT          where the aws CLI finds the local services (4566)
  BUSBAR_DATA       where everything is kept (.busbar)
  BUSBAR_TRACE      what \`busbar why\` can tell of topics that set no trace: none, failures, all (all)
  BUSBAR_ADMIN_KEY  the admin key; without it one is made, kept and printed`,
    )
    .action((_options, command: Command) => run(world, wantsJson(command)));
}

async function run(world: World, json: boolean): Promise<void> {
  const { stop } = world.interrupts();
  const startedMs = world.now();
  // Only this command opens the local target, which takes a moment to load.
  const { start } = await import('../local/start.ts');
  const say = (text: string) => (json ? Promise.resolve() : world.stdout.write(`${text}\n`));
  const bus = await start({
    env: world.env,
    progress: (message) => void world.stderr.write(`${world.stderr.paint('dim', message)}\n`),
    onExampleDelivery: ({ type, attempt, data }) =>
      void say(
        `${world.stdout.paint('green', '✓')} the example receiver got ${world.stdout.paint('bold', type)} ` +
          `(attempt ${attempt}, signature verified): ${JSON.stringify(data)}`,
      ),
  }).catch((error: unknown) => {
    throw explainStart(error);
  });

  const { url, awsUrl, adminKey, logFile, example } = bus;
  if (json) await world.stdout.write(`${JSON.stringify({ url, awsUrl, adminKey, logFile, example })}\n`);
  const seconds = ((world.now() - startedMs) / 1000).toFixed(1);
  await say(`
${world.stdout.paint('bold', 'Busbar is up')} after ${seconds} s. Ctrl-C stops it.

  API        ${url}
  AWS        ${awsUrl}  (aws --endpoint-url ${awsUrl} sqs list-queues)
  Admin key  ${adminKey}
  Log        ${logFile}
`);
  if (example !== undefined) {
    const client = createClient({ url, key: adminKey, source: '/busbar/start' });
    await say(`Publishing a first event to the topic ${example.topic} …`);
    await client.publish(example.topic, { type: 'order.placed', data: { orderId: '1001', amount: 9.5 } });
    await say(`\nPublish one yourself:\n\n${curlLine(url, adminKey, example.topic)}\n`);
  }
  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve(), { once: true });
  });
  await say('\nStopping: what runs is finished first …');
  await bus.close();
  await say('Stopped. Everything accepted is kept, and goes on at the next start.');
}

function curlLine(url: string, key: string, topic: string): string {
  return (
    `curl -i ${url}/v1/topics/${topic}/events -H 'authorization: Bearer ${key}' ` +
    `-H 'content-type: application/json' -d '{"type":"order.placed","data":{"orderId":"1002","amount":12.5}}'`
  );
}

/** The failures that a start is expected to have say the cause and the solution in one sentence already. */
function explainStart(error: unknown): unknown {
  const expected = ['StartError', 'StoreInUseError', 'DamagedStoreError', 'ListenError', 'SynthError'];
  return error instanceof Error && expected.includes(error.name) ? new CliError(error.message) : error;
}

import { Command } from 'commander';
import { createClient } from '../client/index.ts';
import { makeConsoleLink } from './console.ts';
import { CliError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import { type Session, wantsJson } from './support/session.ts';
import { aborted, type World } from './support/world.ts';

export function startCommand({ world }: Session): Command {
  return new Command('start')
    .description('run the whole bus on this machine')
    .addHelpText(
      'after',
      `
Environment:
  PORT              the port of the API (4100)
  AWS_PORT          the port of the local AWS services, for the aws CLI (4566)
  BUSBAR_HOSTS      more hosts to serve than this machine's own, and pages to serve, separated by commas
  BUSBAR_DATA       the data directory (.busbar)
  BUSBAR_TRACE      what to record for \`busbar why\` of topics without a trace setting: none, failures, all (all)
  BUSBAR_ADMIN_KEY  the admin key; without it a key is created, kept and printed`,
    )
    .action((_options, command: Command) => run(world, wantsJson(command)));
}

async function run(world: World, json: boolean): Promise<void> {
  const { stop } = world.interrupts();
  const startedMs = world.now();
  // Imported here, because the local target takes a moment to load and only this command needs it.
  const { start } = await import('../local/start.ts');
  const say = (text: string) => (json ? Promise.resolve() : world.stdout.write(`${text}\n`));
  const bus = await start({
    env: world.env,
    progress: (message) => void world.stderr.write(`${world.stderr.paint('dim', message)}\n`),
    onExampleDelivery: ({ type, attempt, data }) =>
      void say(
        `${world.stdout.paint('green', '✓')} The example receiver got ${world.stdout.paint('bold', plain(type))} ` +
          `(attempt ${attempt}, signature verified): ${jsonText(data)}`,
      ),
  }).catch((error: unknown) => {
    throw explainStart(error);
  });

  const { url, publishUrl, awsUrl, adminKey, logFile, example } = bus;
  const client = createClient({ url, key: adminKey, source: '/busbar/start' });
  const { consoleUrl } = await makeConsoleLink(client, url);
  if (json) {
    const { exports: _, ...aws } = bus.aws;
    await world.stdout.write(
      `${jsonText({ url, consoleUrl, publishUrl, awsUrl, adminKey, aws, logFile, example })}\n`,
    );
  }
  const seconds = ((world.now() - startedMs) / 1000).toFixed(1);
  await say(`
${world.stdout.paint('bold', 'Busbar is up')} after ${seconds} s. Ctrl-C stops it.

  Console    ${consoleUrl}
             (signs in once, within five minutes; later: busbar console)
  API        ${url}
  Publish    ${publishUrl} (events only; on AWS it costs less than the API)
  AWS        ${awsUrl}
  Admin key  ${adminKey}
  Log        ${logFile}

For the aws CLI, and SDKs (\`. ${shellWord(bus.aws.file)}\` sets the same):

${bus.aws.exports}
aws --endpoint-url ${awsUrl} sqs list-queues
`);
  if (example !== undefined) {
    await say(`Publishing a first event to the topic ${example.topic} …`);
    await client.publish(example.topic, { type: 'order.placed', data: { orderId: '1001', amount: 9.5 } });
    await say(`\nPublish one yourself:\n\n${curlLine(url, bus.adminHeaderFile, example.topic)}\n`);
  }
  await aborted(stop);
  await say('\nStopping, after what is running has finished …');
  await bus.close();
  await say('Stopped. Accepted events are kept and will be delivered after the next start.');
}

/** The header comes from a file: a key on the command line shows in the process list. */
function curlLine(url: string, headerFile: string, topic: string): string {
  return (
    `curl -i ${url}/v1/topics/${topic}/events -H ${shellWord(`@${headerFile}`)} ` +
    `-H 'content-type: application/json' -d '{"type":"order.placed","data":{"orderId":"1002","amount":12.5}}'`
  );
}

/** A path as one word of a shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The messages of expected failures already name the cause and the solution. */
function explainStart(error: unknown): unknown {
  const expected = [
    'StartError',
    'StoreInUseError',
    'DamagedStoreError',
    'ListenError',
    'SynthError',
    'CredentialsError',
  ];
  return error instanceof Error && expected.includes(error.name) ? new CliError(error.message) : error;
}

import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import { Command } from 'commander';
import { sinks } from '../connectors/index.ts';
import { BusbarError as Refusal } from '../core/kernel/errors.ts';
import { type Manifest, parseManifest } from '../core/manifest/manifest.ts';
import { ownersOf, type Plan, planOf, type Step } from '../core/manifest/plan.ts';
import { carryOut, type StepResult } from './applying/carry-out.ts';
import { readBus } from './applying/read-bus.ts';
import { planText, titleOf } from './applying/show-plan.ts';
import { parseText } from './applying/text.ts';
import type { Item } from './support/answer.ts';
import { agreed } from './support/asking.ts';
import { exitCodes } from './support/exit-codes.ts';
import { CliError, explain, problemOf, usageError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { messageOf } from './support/values.ts';
import type { World } from './support/world.ts';

interface ApplyOptions {
  readonly file: string;
  readonly yes?: boolean;
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

export function applyCommand(session: Session): Command {
  return new Command('apply')
    .description('make topics, receivers, subscriptions and schedules as a document says, after a plan')
    .requiredOption('-f, --file <file>', 'the document, YAML or JSON; - reads it from standard input')
    .option('--yes', 'do not ask before the plan is carried out')
    .option('--dry-run', 'print the plan, and change nothing')
    .option('--prune', 'also delete what a section of the document does not name, of the owners that it does')
    .option('--force', 'also where the bus would refuse a schema that breaks, or to lose events that wait')
    .addHelpText(
      'after',
      `
What is named has the settings of the document: what these leave out has its default, except owner and validate.
What busbar.config.ts declares is left alone. Secrets that the bus has stay; those in the document (secret, clientSecret,
header values) are sent when something else is new or different, and are never shown.

The exit code is 1 when a step failed. The other steps are taken, except what needs it, and deletes.

Examples:
  busbar export > bus.yaml
  busbar apply -f bus.yaml --dry-run
  busbar apply -f bus.yaml --prune --yes
  busbar export --url https://staging.example.com --format json | busbar apply -f - --yes`,
    )
    .action(async (options: ApplyOptions, command: Command) => {
      const manifest = await read(session.world, options.file);
      const plan = await make(session, command, manifest, options);
      if (wantsJson(command)) return await applyAsJson(session, command, plan, options);
      const { stdout } = session.world;
      await stdout.write(planText(plan, stdout));
      if (options.dryRun === true || plan.steps.length === 0) return;
      if (options.yes !== true && !(await agreed(session, 'This changes the bus.'))) throw notAgreed();
      const isDone = await carryOut(plan.steps, callOf(session, command), {
        force: options.force === true,
        tell: (step, result) => stdout.write(`${told(session, step, result)}\n`),
      });
      if (!isDone) session.exitCode = exitCodes.failed;
    });
}

async function read(world: World, file: string): Promise<Manifest> {
  const name = file === '-' ? 'Standard input' : file;
  let text: string;
  try {
    text = file === '-' ? await textOf(world.stdin) : readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`Cannot read ${name}: ${messageOf(error)}.`);
  }
  try {
    return parseManifest(sinks, parseText(text, name) ?? {});
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw usageError(`${name} is not a valid document: ${plain(error.message)}`);
  }
}

async function make(
  session: Session,
  command: Command,
  manifest: Manifest,
  { prune }: ApplyOptions,
): Promise<Plan> {
  const owners = prune === true ? ownersOf(manifest, await callerOf(session, command)) : new Set<string>();
  const names = (section: object = {}) => new Set(Object.keys(section));
  const [topics, receivers, schedules] = [
    names(manifest.topics),
    names(manifest.receivers),
    names(manifest.schedules),
  ];
  const subscribed = new Set(Object.values(manifest.subscriptions ?? {}).flatMap((of) => Object.keys(of)));
  const live = await readBus(session, command, {
    topic: ({ topic }) => topics.has(String(topic)),
    receiver: ({ receiver, owner }) =>
      subscribed.has(String(receiver)) || receivers.has(String(receiver)) || owners.has(String(owner)),
    schedule: ({ schedule }) => schedules.has(String(schedule)),
  });
  return planOf(sinks, manifest, live, prune === true ? { owners } : undefined);
}

async function callerOf(session: Session, command: Command): Promise<string> {
  return String(((await connect(session, command).call('GET', '/me')) as Item).application);
}

const callOf = (session: Session, command: Command) => {
  const client = connect(session, command);
  return (method: string, path: string, body?: Item) => client.call(method, path, body);
};

async function applyAsJson(
  session: Session,
  command: Command,
  { steps, declared }: Plan,
  { yes, dryRun, force }: ApplyOptions,
): Promise<void> {
  const results: object[] = [];
  const shown = ({ action, kind, name, fields }: Step) => ({ action, kind, name, fields });
  if (dryRun === true) results.push(...steps.map(shown));
  else {
    if (yes !== true && steps.length > 0) throw notAgreed();
    const isDone = await carryOut(steps, callOf(session, command), {
      force: force === true,
      async tell(step, { ...result }) {
        const { error, ...others } = { error: undefined, ...result };
        results.push({
          ...shown(step),
          ...others,
          ...(error !== undefined && { problem: problemOf(error, aboutOf(step)) }),
        });
      },
    });
    if (!isDone) session.exitCode = exitCodes.failed;
  }
  await session.world.stdout.write(`${jsonText({ steps: results, declared })}\n`);
}

const notAgreed = () =>
  new CliError('Nothing is changed.', 'Pass --yes to carry out the plan, or --dry-run to see it.');

function told({ world }: Session, step: Step, result: StepResult): string {
  const title = titleOf(step);
  if (result.result === 'skipped') {
    return `${world.stdout.paint('yellow', 'skipped')} ${title}: ${plain(result.because)} failed.`;
  }
  if (result.result === 'failed') {
    const { cause, solution } = explain(result.error, aboutOf(step));
    return `${world.stdout.paint('red', 'failed')} ${title}: ${cause}${solution === undefined ? '' : ` ${solution}`}`;
  }
  const secret =
    result.secret === undefined
      ? ''
      : `. Its signing secret, which is not shown again, is ${plain(result.secret)}`;
  return `${world.stdout.paint('green', 'done')} ${title}${secret}`;
}

function aboutOf({ kind, name }: Step) {
  const [first = '', second = ''] = name.split('/');
  if (kind === 'subscription') return { topic: first, receiver: second };
  return kind === 'topic' ? { topic: first } : kind === 'receiver' ? { receiver: first } : {};
}

import { Argument, Command } from 'commander';
import type { ShownValidation } from '../core/registry/validation.ts';
import type { Item } from './support/answer.ts';
import { act, given } from './support/collection.ts';
import type { Session } from './support/session.ts';
import { rfc3339, seconds, secretOrFile } from './support/values.ts';

const breakerMessages: Readonly<Record<string, (receiver: string) => string>> = {
  open: (receiver) => `The breaker of ${receiver} is open. Its events wait for up to 14 days.`,
  closed: (receiver) => `The breaker of ${receiver} is closed, and stays closed even if its endpoint fails.`,
  auto: (receiver) => `The breaker of ${receiver} opens and closes automatically again.`,
};

/** `busbar receivers pause`, `resume`, `skip`, `rotate-secret`, `validate` and `breaker`. */
export function receiverActions(session: Session, pathOf: (receiver: string) => string): Command[] {
  const pause = new Command('pause')
    .description('stop delivering to a receiver; its events wait')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/pause`,
        undefined,
        () => `Receiver ${receiver} is paused. Its events wait for up to 14 days.`,
      ),
    );

  const resume = new Command('resume')
    .description('resume a receiver that is paused, or was disabled by a 410')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/resume`,
        undefined,
        () => `Receiver ${receiver} is active. Deliveries resume within a minute.`,
      ),
    );

  const skip = new Command('skip')
    .description('drop waiting events of a receiver that are older than a given time')
    .argument('<receiver>')
    .requiredOption('--before <time>', 'drop events older than this: 2026-01-31T12:00:00Z', rfc3339)
    .action((receiver: string, { before }: { before: string }, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/skip`,
        { before },
        () =>
          `Events of ${receiver} from before ${before} are dropped as they leave its queues; \`busbar receivers get ${receiver}\` shows how many.`,
      ),
    );

  const rotateSecret = new Command('rotate-secret')
    .description('give a receiver a new secret; the earlier one signs, too, for a while')
    .argument('<receiver>')
    .option(
      '--secret <whsec>',
      'the new secret, or @file; without it the bus makes one and shows it once',
      secretOrFile,
    )
    .option('--overlap <time>', 'how long the earlier secret signs, too: 24h; 0 ends it now', seconds)
    .action((receiver: string, options: { secret?: string; overlap?: number }, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/rotate-secret`,
        given({ secret: options.secret, overlapSeconds: options.overlap }),
        (answer) => rotationMessage(receiver, answer),
      ),
    );

  const validate = new Command('validate')
    .description('ask the endpoint of a receiver again to agree to deliveries')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(session, command, `${pathOf(receiver)}/validate`, undefined, (answer) =>
        validationMessage(receiver, answer.validation as ShownValidation),
      ),
    );

  const breaker = new Command('breaker')
    .description('force the breaker of a receiver open or closed, or make it automatic again (auto)')
    .argument('<receiver>')
    .addArgument(new Argument('<state>', 'the new state').choices(Object.keys(breakerMessages)))
    .action((receiver: string, state: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/breaker`,
        { state },
        () => breakerMessages[state]?.(receiver) ?? '',
      ),
    );

  return [pause, resume, skip, rotateSecret, validate, breaker];
}

function rotationMessage(receiver: string, { secret, earlierSecrets }: Item): string {
  const untils = Array.isArray(earlierSecrets) ? earlierSecrets.map(({ until }) => String(until)).sort() : [];
  const last = untils.at(-1);
  const earlier =
    last === undefined ? 'No earlier secret signs any more.' : `Earlier secrets sign, too, until ${last}.`;
  if (typeof secret !== 'string') return `Receiver ${receiver} already has this secret. ${earlier}`;
  return `Receiver ${receiver} has a new secret, which is not shown again: ${secret}\n${earlier}`;
}

/** The result of a validation, with what the endpoint's owner can do about it. */
function validationMessage(
  receiver: string,
  { state, detail, allowedRatePerMinute }: ShownValidation,
): string {
  switch (state) {
    case 'granted':
      return `The endpoint of ${receiver} agreed to ${allowedRatePerMinute ?? 'any number of'} requests per minute.`;
    case 'refused':
      return `The endpoint of ${receiver} refused, so its events wait. ${detail ?? ''}`;
    case 'pending':
      return `The endpoint of ${receiver} has not agreed yet. Its events wait, and the bus asks again. ${detail ?? ''}`;
  }
}

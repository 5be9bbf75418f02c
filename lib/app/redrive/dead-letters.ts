import type { Principal } from '../../core/access/access.ts';
import { BusbarError, unknownCursor } from '../../core/kernel/errors.ts';
import { type Cluster, clusters, type DeadLetter } from '../../core/redrive/dead-letter.ts';
import { takeInSeconds } from '../../core/redrive/limits.ts';
import type { KeptDeadLetter } from '../../runtime/stores/dead-letters.ts';
import type { Tools } from '../../runtime/tools.ts';
import { ownReceiver } from '../registry/flow.ts';
import { type TakeInTools, takeIn } from './take-in.ts';

export type DeadLetterTools = TakeInTools & Tools<'registry'>;

/** What part of the dead letters is asked for. */
export interface DeadLetterQuery {
  readonly cause?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface DeadLetterList {
  readonly receiver: string;
  /** About how many letters are still in the queue and not yet in this list; ask again for them. */
  readonly waiting: number;
  /** Only on the first page; they cover all letters. */
  readonly clusters?: readonly Cluster[];
  readonly deadLetters: readonly DeadLetter[];
  /** Of the next page, when there is one. */
  readonly cursor?: string;
}

/**
 * The dead letters of a receiver, in the order in which they died, and their causes. Letters in the queue are first
 * taken into the table, for a few seconds at most.
 * @throws BusbarError unknown_receiver, forbidden, invalid_request.
 */
export async function listDeadLetters(
  tools: DeadLetterTools,
  principal: Principal,
  name: string,
  query: DeadLetterQuery,
): Promise<DeadLetterList> {
  await ownReceiver(tools, principal, name);
  const after = keyOf(query.cursor);
  await takeIn(tools, name, tools.clock.now() + takeInSeconds * 1000);
  const [own, ordered] = await Promise.all([
    tools.deadLetterQueues.count(name, 'dead-letters'),
    tools.deadLetterQueues.count(name, 'ordered-dead-letters'),
  ]);
  const { letters, last } = await pageOf(tools, name, after, query.limit, query.cause);
  return {
    receiver: name,
    waiting: own.ready + own.hidden + ordered.ready + ordered.hidden,
    ...(after === '' && { clusters: clusters(await tools.deadLetters.all(name)) }),
    deadLetters: letters,
    ...(last !== undefined && { cursor: Buffer.from(last).toString('base64url') }),
  };
}

/** One dead letter with its event, as text. @throws BusbarError unknown_dead_letter. */
export async function getDeadLetter(
  tools: DeadLetterTools,
  principal: Principal,
  name: string,
  id: string,
): Promise<DeadLetter & { readonly body: string }> {
  await ownReceiver(tools, principal, name);
  const [found] = await tools.deadLetters.find(name, [id]);
  const content = (await tools.deadLetters.contents(name, [id])).get(id);
  if (found !== undefined && content !== undefined) return { ...found.letter, body: content.body };
  throw new BusbarError(
    'unknown_dead_letter',
    `${name} has no dead letter ${id}. GET /v1/receivers/${name}/dead-letters lists them.`,
  );
}

async function pageOf(
  tools: DeadLetterTools,
  receiver: string,
  after: string,
  limit: number,
  cause: string | undefined,
): Promise<{ letters: DeadLetter[]; last: string | undefined }> {
  const found: KeptDeadLetter[] = [];
  let next: string | undefined = after;
  // One more than asked for shows whether there is a next page.
  while (next !== undefined && found.length <= limit) {
    const page = await tools.deadLetters.page(receiver, next, limit + 1);
    found.push(...page.letters.filter(({ letter }) => cause === undefined || letter.cause === cause));
    next = page.last;
  }
  const shown = found.slice(0, limit);
  const last = found.length > limit ? shown.at(-1)?.key : undefined;
  return { letters: shown.map(({ letter }) => letter), last };
}

function keyOf(cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^\d{4}-\d\d-\d\dT[\d:.]+Z#/.test(key)) return key;
  throw unknownCursor();
}

import type { Principal } from '../../core/access/access.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { readCursor } from '../../core/list/cursor.ts';
import type { Portion } from '../../core/list/portion.ts';
import { type Cluster, clusters, type DeadLetter } from '../../core/redrive/dead-letter.ts';
import { clusterReadsMax, takeInSeconds } from '../../core/redrive/limits.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { ownReceiver } from '../registry/flow.ts';
import { type LetterOwner, type TakeInTools, takeIn } from './take-in.ts';

export type DeadLetterTools = TakeInTools & Tools<'registry'>;

/** What part of the dead letters is asked for. */
export interface DeadLetterQuery extends PageQuery {
  readonly cause?: string | undefined;
}

export interface DeadLetterList {
  readonly receiver: string;
  /** About how many letters are still in the queue and not yet in this list; ask again for them. */
  readonly waiting: number;
  /** Only on the first page; they cover all letters. */
  readonly clusters?: readonly Cluster[];
  /** Set when there are more letters than one call counts: the clusters cover the oldest. */
  readonly clustersPartial?: true;
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
  const receiver = await ownReceiver(tools, principal, name);
  const { cause } = query;
  const list = ['dead-letters', name, ...(cause === undefined ? [] : [cause])];
  readCursor(list, query.cursor);
  await takeIn(tools, receiver, tools.clock.now() + takeInSeconds * 1000);
  const [own, ordered] = await Promise.all([
    tools.deadLetterQueues.count(name, 'dead-letters'),
    tools.deadLetterQueues.count(name, 'ordered-dead-letters'),
  ]);
  const { items: deadLetters, ...rest } = await pageOf(
    list,
    query,
    (after, limit) => tools.deadLetters.page(receiver, after, limit),
    (letter) => (cause === undefined || letter.cause === cause ? letter : undefined),
  );
  return {
    receiver: name,
    waiting: own.ready + own.hidden + ordered.ready + ordered.hidden,
    ...(query.cursor === undefined && (await countCauses(tools, receiver))),
    deadLetters,
    ...rest,
  };
}

async function countCauses(
  tools: DeadLetterTools,
  receiver: LetterOwner,
): Promise<Pick<DeadLetterList, 'clusters' | 'clustersPartial'>> {
  const letters: DeadLetter[] = [];
  let after: string | undefined = '';
  for (let reads = 0; after !== undefined && reads < clusterReadsMax; reads++) {
    const page: Portion<DeadLetter> = await tools.deadLetters.page(receiver, after, clusterRowsAtOnce);
    letters.push(...page.items.map(({ item }) => item));
    after = page.last;
  }
  return { clusters: clusters(letters), ...(after !== undefined && { clustersPartial: true }) };
}

/** More than a read of 1 MB returns. */
const clusterRowsAtOnce = 10_000;

/** One dead letter with its event, as text. @throws BusbarError unknown_dead_letter. */
export async function getDeadLetter(
  tools: DeadLetterTools,
  principal: Principal,
  name: string,
  id: string,
): Promise<DeadLetter & { readonly body: string }> {
  const receiver = await ownReceiver(tools, principal, name);
  const [found] = await tools.deadLetters.find(receiver, [id]);
  const content = (await tools.deadLetters.contents(receiver, [id])).get(id);
  if (found !== undefined && content !== undefined) return { ...found.letter, body: content.body };
  throw new BusbarError(
    'unknown_dead_letter',
    `${name} has no dead letter ${id}. GET /v1/receivers/${name}/dead-letters lists them.`,
  );
}

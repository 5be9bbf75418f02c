import type { Reply, World } from '../world/world.ts';
import type { Event, Model, Publication, Submission } from './model.ts';
import { entryOf } from './put-entry.ts';

export const source = '/simulation';

/** What producers call: with an id of its own for each event, so that they may say it again. */
export interface Submitter {
  /** An event that nobody has heard of, with the place where the model keeps it. */
  draft(
    target: Publication['target'],
    via: Publication['via'],
    event: Event,
    more?: { dueMs?: number; transaction?: string; key?: string },
  ): Publication;
  /**
   * Sends the events by one call, and notes what came of it.
   * @param key of the producer; that of the admin when left out.
   */
  send(publications: readonly Publication[], delaySeconds?: number, key?: string): Promise<void>;
}

export function createSubmitter(world: World, model: Model): Submitter {
  const begin = (publications: readonly Publication[]): Submission[] =>
    publications.map((publication) => {
      const submission: Submission = { startMs: world.clock.now(), endMs: undefined, outcome: undefined };
      publication.submissions.push(submission);
      return submission;
    });

  /** Entries are told apart by their index; without an answer nothing is known of any. */
  function end(publications: readonly Publication[], submissions: readonly Submission[], reply: Reply): void {
    const nowMs = world.clock.now();
    for (const [index, submission] of submissions.entries()) {
      submission.endMs = nowMs;
      submission.outcome = outcomeOf(publications[index], reply, index);
      world.history.note(
        `${publications[index]?.via} answered`,
        `${publications[index]?.id} ${submission.outcome}`,
      );
    }
  }

  function outcomeOf(
    publication: Publication | undefined,
    reply: Reply,
    index: number,
  ): Submission['outcome'] {
    if (reply.kind === 'lost') return 'unknown';
    const { status, body } = reply;
    const entry = body?.events?.[index] as { status?: string; code?: string } | undefined;
    if (entry?.status === 'rejected') return entry.code === 'unavailable' ? 'unknown' : 'refused';
    if (status < 300 && entry?.status !== undefined) return entry.status as Submission['outcome'];
    // A 5xx or 429 says nothing about what was done before it.
    if (status >= 500 || status === 429) return 'unknown';
    // Whether a key may have been revoked is for the checker of permissions.
    if (status === 401 && publication?.key !== undefined) return 'refused';
    model.surprises.push(`A publish was answered ${status} ${JSON.stringify(body)}.`);
    return 'refused';
  }

  async function lambda(target: Publication['target'], events: readonly object[]): Promise<Reply> {
    const answer = await world.aws('lambda', 'Invoke', {
      FunctionName: 'busbar-publish',
      Payload: Buffer.from(JSON.stringify({ ...target, body: events })),
    });
    if (answer === 'lost') return { kind: 'lost' };
    const body: unknown = JSON.parse(Buffer.from(answer?.Payload as Uint8Array).toString('utf8'));
    return { kind: 'answer', status: answer?.FunctionError === undefined ? 202 : 500, body };
  }

  return {
    draft(target, via, event, more = {}) {
      const publication: Publication = {
        id: `event-${model.publications.size + 1}`,
        target,
        event,
        via,
        submissions: [],
        dueMs: more.dueMs === undefined ? [] : [more.dueMs],
        ...(more.transaction !== undefined && { transaction: more.transaction }),
        ...(more.key !== undefined && { key: more.key }),
      };
      model.publications.set(publication.id, publication);
      return publication;
    },
    async send(publications, delaySeconds, key) {
      const [first] = publications;
      if (first === undefined) return;
      const { target, via } = first;
      const submissions = begin(publications);
      const events = publications.map(({ id, event }) => ({
        id,
        source,
        ...event,
        ...(delaySeconds !== undefined && { delaySeconds }),
      }));
      const targetName = 'topic' in target ? target.topic : target.receiver;
      world.history.note(`${via} to ${targetName}`, publications.map(({ id }) => id).join(' '));
      if (via === 'outbox') {
        await Promise.all(publications.map((publication) => putOutbox(publication)));
        return;
      }
      const path =
        'topic' in target ? `/topics/${target.topic}/events` : `/receivers/${target.receiver}/events`;
      const reply =
        via === 'lambda' ? await lambda(target, events) : await world.call('POST', path, events, key);
      end(publications, submissions, reply);
    },
  };

  async function putOutbox({ id, target, event, submissions }: Publication): Promise<void> {
    const Put = entryOf(world, {
      ...target,
      application: 'ops',
      event: { id, source, ...event },
      ...(event.subject !== undefined && { key: event.subject }),
      now: () => world.clock.now(),
    });
    const answer = await world.aws('dynamodb', 'TransactWriteItems', { TransactItems: [{ Put }] });
    const submission = submissions.at(-1);
    if (submission === undefined) throw new Error('It was not begun.');
    submission.endMs = world.clock.now();
    submission.outcome = answer === 'lost' ? 'unknown' : 'accepted';
    world.history.note('outbox answered', `${id} ${submission.outcome}`);
  }
}

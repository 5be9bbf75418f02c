import { gunzipSync, gzipSync } from 'node:zlib';
import type { Portion } from '../../core/list/portion.ts';
import type { DeadLetter, DeadLetterContent } from '../../core/redrive/dead-letter.ts';
import { deadLetterSeconds } from '../../core/redrive/limits.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Table } from '../aws/table/table.ts';

/** A row has 400 KB. A letter that is larger when packed was not an event of the bus, and stays in the queue. */
const deadLetterBytesMax = 380 * 1024;

/** A dead letter with where it stands in the order of its receiver's. */
export interface KeptDeadLetter {
  readonly key: string;
  readonly letter: DeadLetter;
}

/** Whose letters they are: each lifetime of a receiver has its own. */
type Of = Pick<Receiver, 'receiver' | 'incarnation'>;

/**
 * The dead letters that were taken out of their queue: a row each to list it by, in the order in which they died,
 * and a row each for the content, so that a list reads no events.
 */
export interface DeadLetterStore {
  /** Keeps letters; one that is kept already is written again. Answers false for each that is too large. */
  put(
    receiver: Of,
    letters: readonly { readonly letter: DeadLetter; readonly content: DeadLetterContent }[],
    nowMs: number,
  ): Promise<boolean[]>;
  /** Some letters behind the key `after`, at most `limit`. */
  page(receiver: Of, after: string, limit: number): Promise<Portion<DeadLetter>>;
  all(receiver: Of): Promise<DeadLetter[]>;
  find(receiver: Of, ids: readonly string[]): Promise<KeptDeadLetter[]>;
  contents(receiver: Of, ids: readonly string[]): Promise<ReadonlyMap<string, DeadLetterContent>>;
  remove(receiver: Of, letters: readonly KeptDeadLetter[]): Promise<void>;
  removeAll(receiver: Of): Promise<void>;
}

interface ContentDocument {
  readonly id: string;
  /** The sort key of the letter's other row. */
  readonly key: string;
  readonly topic?: string;
  readonly trace?: string;
  /** Packed, because JSON in JSON could grow beyond what a row takes. */
  readonly body: string;
}

/** No name has a `#`. A receiver from before there were incarnations has its letters under its name alone. */
const nameOf = ({ receiver, incarnation }: Of) =>
  incarnation === undefined ? receiver : `${receiver}#${incarnation}`;
const listPk = (receiver: Of) => `dead-letter#${nameOf(receiver)}`;
/** A partition for each content: all those of a receiver in one would meet the limit of a partition. */
const contentKey = (receiver: Of, id: string) => ({
  pk: `dead-letter-content#${nameOf(receiver)}#${id}`,
  sk: 'content',
});
const sortKey = (letter: DeadLetter) => `${letter.diedAt}#${letter.id}`;

export function createDeadLetterStore(table: Table): DeadLetterStore {
  const contentRows = async (receiver: Of, ids: readonly string[]) =>
    (await table.getMany([...new Set(ids)].map((id) => contentKey(receiver, id)))).map(
      (row) => row.document as ContentDocument,
    );

  async function remove(receiver: Of, letters: readonly KeptDeadLetter[]): Promise<void> {
    // The content last: what is listed has its content.
    await table.deleteMany(letters.map(({ key }) => ({ pk: listPk(receiver), sk: key })));
    await table.deleteMany(
      [...new Set(letters.map(({ letter }) => letter.id))].map((id) => contentKey(receiver, id)),
    );
  }

  return {
    remove,
    async put(receiver, letters, nowMs) {
      const expiresAtSeconds = Math.ceil(nowMs / 1000) + deadLetterSeconds;
      const packed = letters.map(({ letter, content }) => {
        const key = sortKey(letter);
        const body = gzipSync(content.body).toString('base64');
        const document: ContentDocument = {
          id: letter.id,
          key,
          body,
          ...(content.topic !== undefined && { topic: content.topic }),
          ...(content.trace !== undefined && { trace: content.trace }),
        };
        return { letter, key, document, fits: body.length <= deadLetterBytesMax };
      });
      // One batch of writes may not name a row twice, and a queue may hold the same letter twice.
      const fitting = [
        ...new Map(packed.filter(({ fits }) => fits).map((one) => [one.letter.id, one])).values(),
      ];
      // The content first: a letter that is listed can be redriven.
      await table.putMany(
        fitting.map(({ letter, document }) => ({
          ...contentKey(receiver, letter.id),
          document,
          expiresAtSeconds,
        })),
      );
      await table.putMany(
        fitting.map(({ letter, key }) => ({
          pk: listPk(receiver),
          sk: key,
          document: letter,
          expiresAtSeconds,
        })),
      );
      return packed.map(({ fits }) => fits);
    },

    async page(receiver, after, limit) {
      const { rows, last } = await table.page(listPk(receiver), after, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as DeadLetter })), last };
    },

    all: async (receiver) => (await table.query(listPk(receiver))).map((row) => row.document as DeadLetter),

    async find(receiver, ids) {
      const contents = await contentRows(receiver, ids);
      const rows = await table.getMany(contents.map(({ key }) => ({ pk: listPk(receiver), sk: key })));
      const found = new Map(
        rows.map((row) => {
          const letter = row.document as DeadLetter;
          return [letter.id, { key: row.sk, letter }];
        }),
      );
      return ids.flatMap((id) => found.get(id) ?? []);
    },

    async contents(receiver, ids) {
      const rows = await contentRows(receiver, ids);
      return new Map(
        rows.map(({ id, body, topic, trace }) => [
          id,
          { body: gunzipSync(Buffer.from(body, 'base64')).toString('utf8'), topic, trace },
        ]),
      );
    },

    async removeAll(receiver) {
      const rows = await table.query(listPk(receiver));
      await remove(
        receiver,
        rows.map((row) => ({ key: row.sk, letter: row.document as DeadLetter })),
      );
    },
  };
}

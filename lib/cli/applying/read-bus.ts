import type { Command } from 'commander';
import type { Live } from '../../core/manifest/manifest.ts';
import type { Item } from '../support/answer.ts';
import { eachAtOnce } from '../support/at-once.ts';
import { readList } from '../support/pages.ts';
import { connect, type Session } from '../support/session.ts';

/** Of what more is read than lists show: schemas, events of schedules, and subscriptions. */
export interface Wanted {
  readonly topic: (listed: Item) => boolean;
  readonly receiver: (listed: Item) => boolean;
  readonly schedule: (listed: Item) => boolean;
}

/** Reads what the bus has: the lists, and one call more for each thing that is wanted and not whole in them. */
export async function readBus(session: Session, command: Command, wanted: Wanted): Promise<Live> {
  const client = connect(session, command);
  const listed = async (name: string) => (await readList(session, command, `/${name}`, name)).items;
  const [topics, receivers, schedules] = [
    await listed('topics'),
    await listed('receivers'),
    await listed('schedules'),
  ];
  const whole = (path: string, name: unknown) =>
    client.call('GET', `/${path}/${encodeURIComponent(String(name))}`) as Promise<Item>;
  return {
    topics: await eachAtOnce(topics, async (topic) =>
      wanted.topic(topic) && topic.schemaHash !== undefined ? await whole('topics', topic.topic) : topic,
    ),
    receivers,
    schedules: await eachAtOnce(schedules, async (one) =>
      wanted.schedule(one) ? await whole('schedules', one.schedule) : one,
    ),
    subscriptions: (
      await eachAtOnce(receivers.filter(wanted.receiver), async ({ receiver }) => {
        const path = `/receivers/${encodeURIComponent(String(receiver))}/subscriptions`;
        return (await readList(session, command, path, 'subscriptions')).items;
      })
    ).flat(),
  };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { BusbarError, type Client } from '../../client/index.ts';
import { type Item, isItem } from '../support/answer.ts';
import type { Endpoint } from './endpoints.ts';

/** What a promise is tried with. Names begin with that of the run, so that runs do not meet and all can be deleted. */
export interface Trial {
  /** As an admin. */
  readonly client: Client;
  /** The same with another key. */
  withKey(key: string): Client;
  /** The name of this promise's topic, receiver and application. */
  readonly name: string;
  now(): number;
  /** Makes a receiver with an endpoint on this machine. */
  receiver(settings?: object): Promise<Endpoint>;
}

/** A promise of the bus that can be tried from outside within a minute. */
export interface BusPromise {
  readonly id: string;
  /** What is proven when it passes. */
  readonly says: string;
  try(trial: Trial): Promise<void>;
}

const event = (id: string, more: object = {}) => ({ id, type: 'busbar.smoke', data: { id }, ...more });

/** Makes the promise's topic, with its receiver subscribed. */
async function subscribed({ client, name }: Trial, topic: object = {}, filter?: object): Promise<void> {
  await client.putTopic(name, { description: 'Created by busbar smoke', ...topic });
  await client.putSubscription(name, name, filter === undefined ? {} : { filter });
}

async function until(what: string, seconds: number, isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < seconds * 4; tries++) {
    if (await isSo()) return;
    await sleep(250);
  }
  throw new Error(`${what} did not come about within ${seconds} s`);
}

function requireSame(what: string, found: readonly string[], expected: readonly string[]): void {
  if (found.join() === expected.join()) return;
  throw new Error(`${what}: ${found.join(', ') || 'nothing'} instead of ${expected.join(', ')}`);
}

const requireNothing = (when: string, { arrivals }: Endpoint): void =>
  requireSame(
    when,
    arrivals.map(({ id }) => id),
    [],
  );

async function refusedWith(status: number, act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return false;
  } catch (error) {
    if (error instanceof BusbarError && error.status === status) return true;
    throw error;
  }
}

const memberOf = (value: unknown, name: string): unknown => (isItem(value) ? value[name] : undefined);
const listOf = (value: unknown, name: string): readonly Item[] => (memberOf(value, name) ?? []) as Item[];

/** In the order in which they are tried. */
export const promises: readonly BusPromise[] = [
  {
    id: 'keys',
    says: 'A key does what its role allows, and nothing within 10 s of its revocation.',
    async try({ client, withKey, name }) {
      await client.call('PUT', `/applications/${name}`, {});
      const made = await client.call('POST', `/applications/${name}/keys`, { name: 'smoke', role: 'member' });
      const member = withKey(String(memberOf(made, 'key')));
      const me = await member.call('GET', '/me');
      requireSame('the key is of', [String(memberOf(me, 'application'))], [name]);
      if (!(await refusedWith(403, () => member.call('PUT', `/applications/${name}-2`, {})))) {
        throw new Error('a member made an application');
      }
      await client.call('DELETE', `/applications/${name}/keys/${String(memberOf(made, 'keyId'))}`);
      await until('The refusal of the revoked key', 10, () =>
        refusedWith(401, () => member.call('GET', '/me')),
      );
    },
  },
  {
    id: 'filter',
    says: 'A subscription gets what its filter matches, by type and by data, and nothing else.',
    async try(trial) {
      const { client, name } = trial;
      const endpoint = await trial.receiver();
      await subscribed(trial, {}, { type: ['paid'], data: { total: [{ numeric: ['>', 100] }] } });
      await client.publish(name, [
        event('cheap', { type: 'paid', data: { total: 5 } }),
        event('open', { type: 'opened', data: { total: 500 } }),
        event('dear', { type: 'paid', data: { total: 500 } }),
      ]);
      requireSame('what arrived', await endpoint.arrived(1), ['dear']);
      // Whatever were sent wrongly would be there by now.
      await client.publish(name, event('last', { type: 'paid', data: { total: 101 } }));
      requireSame('what arrived', await endpoint.arrived(2), ['dear', 'last']);
    },
  },
  {
    id: 'order',
    says: 'The events of a key arrive in their order, by an SNS FIFO topic, also when an attempt fails.',
    async try(trial) {
      const endpoint = await trial.receiver({ retry: { delaysSeconds: [1] } });
      endpoint.answer(500, 204);
      await subscribed(trial, { ordered: true });
      const ids = ['first', 'second', 'third'];
      await trial.client.publish(
        trial.name,
        ids.map((id) => event(id, { subject: 'account' })),
      );
      requireSame('the order', await endpoint.arrived(4), ['first', ...ids]);
    },
  },
  {
    id: 'retry',
    says: 'A failed attempt is repeated after the pause of its policy.',
    async try(trial) {
      const endpoint = await trial.receiver({ retry: { delaysSeconds: [2] } });
      endpoint.answer(503, 204);
      await trial.client.invoke(trial.name, event('again'));
      await endpoint.arrived(2);
      const [first, second] = endpoint.arrivals;
      const pauseMs = (second?.atMs ?? 0) - (first?.atMs ?? 0);
      if (pauseMs < 1900) throw new Error(`the pause was ${pauseMs} ms instead of 2 s`);
    },
  },
  {
    id: 'delay',
    says: 'A delayed event arrives after its delay.',
    async try({ client, name, now, receiver }) {
      const endpoint = await receiver();
      const startedMs = now();
      await client.invoke(name, event('later', { delaySeconds: 3 }));
      await endpoint.arrived(1);
      const delayMs = (endpoint.arrivals[0]?.atMs ?? 0) - startedMs;
      if (delayMs < 2900) throw new Error(`it came after ${delayMs} ms instead of 3 s`);
    },
  },
  {
    id: 'pause',
    says: 'What comes for a paused receiver waits, and is delivered after the resume.',
    async try({ client, name, receiver }) {
      const endpoint = await receiver();
      await client.call('POST', `/receivers/${name}/pause`);
      await client.invoke(name, event('waits'));
      await sleep(2000);
      requireNothing('while paused', endpoint);
      await client.call('POST', `/receivers/${name}/resume`);
      await endpoint.arrived(1, 120);
    },
  },
  {
    id: 'redrive',
    says: 'A delivery that fails for good becomes a dead letter, and a redrive sends it back.',
    async try({ client, name, receiver }) {
      const endpoint = await receiver({ retry: { delaysSeconds: [] } });
      endpoint.answer(500);
      await client.invoke(name, event('dies'));
      await until('The dead letter', 60, async () => {
        const letters = await client.call('GET', `/receivers/${name}/dead-letters`);
        return listOf(letters, 'deadLetters').length === 1;
      });
      endpoint.answer(204);
      await client.call('POST', `/receivers/${name}/redrive`, {});
      await endpoint.arrived(2);
      await until('The end of the redrive', 120, async () => {
        const redrive = await client.call('GET', `/receivers/${name}/redrive`);
        return memberOf(redrive, 'state') === 'done';
      });
    },
  },
  {
    id: 'transaction',
    says: 'The events of a transaction flow when it is committed, by the stream of the table.',
    async try(trial) {
      const endpoint = await trial.receiver();
      await subscribed(trial);
      const { id } = await trial.client.begin([{ topic: trial.name, ...event('booked') }]);
      requireNothing('before the commit', endpoint);
      await trial.client.commit(id);
      await endpoint.arrived(1);
    },
  },
  {
    id: 'hold',
    says: 'A topic on hold keeps its events, and its release sends them.',
    async try(trial) {
      const { client, name } = trial;
      const endpoint = await trial.receiver();
      await subscribed(trial);
      await client.call('PUT', `/topics/${name}/hold`, {});
      await until('The hold', 30, async () => {
        const hold = await client.call('GET', `/topics/${name}/hold`);
        return memberOf(hold, 'state') === 'holding';
      });
      await client.publish(name, event('kept'));
      await sleep(1000);
      requireNothing('while on hold', endpoint);
      await client.call('DELETE', `/topics/${name}/hold`);
      await endpoint.arrived(1, 120);
    },
  },
  {
    id: 'incarnation',
    says: 'What was accepted for a deleted topic does not reach the next one of its name.',
    async try(trial) {
      const { client, name } = trial;
      const endpoint = await trial.receiver();
      await subscribed(trial);
      await client.publish(name, event('of-the-earlier', { delaySeconds: 4 }));
      await client.call('DELETE', `/topics/${name}?force=true`);
      await subscribed(trial);
      // For a second a publisher may take the topic for the earlier one, and what it takes then is listed as refused.
      await sleep(1500);
      await client.publish(name, event('of-the-later', { delaySeconds: 6 }));
      requireSame('what arrived', await endpoint.arrived(1), ['of-the-later']);
    },
  },
  {
    id: 'why',
    says: 'The bus explains what happened to an event, with its attempts.',
    async try(trial) {
      const { client, name } = trial;
      const endpoint = await trial.receiver();
      await subscribed(trial, { trace: 'all' });
      const id = `${name}-explained`;
      await client.publish(name, event(id));
      await endpoint.arrived(1);
      await until('The explanation of a delivery', 60, async () =>
        JSON.stringify(await client.call('GET', `/events?id=${id}`)).includes('"delivered"'),
      );
    },
  },
];

/** What a minute, or a machine outside, cannot show. */
export const unproven: readonly string[] = [
  'Delays beyond 15 minutes, recurring schedules and breakers: they take longer than this test.',
  'Load, cold starts at scale, and what AWS bills: look at the bill after a day.',
  'Failures of AWS itself: the simulation plants them, an account cannot.',
];

import type { Reply } from '../world/world.ts';
import { drawEvent } from './filters.ts';
import type { Publication } from './model.ts';
import type { Operation, Workbench } from './operations.ts';
import { openTopic } from './setup.ts';
import { type Decision, type MadeKey, tenants } from './tenancy.ts';
import { insist, isDone, isOpen } from './tenant-calls.ts';

/** Makes a key, which nobody has unless the answer came. An admin makes it: who may make keys is not what is tried. */
async function makeKey({ world, dice, model }: Workbench): Promise<MadeKey | undefined> {
  const role = dice.chance(0.3) ? 'admin' : 'member';
  const by = role === 'admin' ? 'ops' : dice.pick(tenants);
  const spec = { name: `key ${model.tenancy.madeKeys.length + 1}`, role };
  const made = await world.call('POST', `/applications/${by}/keys`, spec);
  if (made.kind === 'lost' || made.status !== 201) return undefined;
  const key: MadeKey = { keyId: made.body.keyId, key: made.body.key, by, role, uses: [] };
  model.tenancy.madeKeys.push(key);
  world.history.note(`${by} has a key of a ${role}`, key.keyId);
  return key;
}

const outcomeOf = (reply: Reply): MadeKey['uses'][number]['outcome'] =>
  reply.kind === 'answer' && reply.status === 401 ? 'refused' : isOpen(reply) ? 'unknown' : 'accepted';

/** Publishes an event with a key, and notes whether that opened the door. */
async function say(
  { world, submitter }: Workbench,
  { uses, key }: MadeKey,
  publication: Publication,
  delaySeconds?: number,
): Promise<Publication['submissions'][number]['outcome']> {
  const startMs = world.clock.now();
  await submitter.send([publication], delaySeconds, key);
  const { outcome } = publication.submissions.at(-1) ?? {};
  const known = outcome === 'refused' || outcome === 'unknown' ? outcome : 'accepted';
  uses.push({ what: publication.id, startMs, endMs: world.clock.now(), outcome: known });
  return outcome;
}

/** Uses a key as its application does, at either of the functions that answer calls. */
async function use(bench: Workbench, key: MadeKey): Promise<void> {
  const { world, dice, submitter } = bench;
  const startMs = world.clock.now();
  if (dice.chance(0.3)) {
    const reply = await world.call('GET', '/me', undefined, key.key);
    key.uses.push({ what: 'me', startMs, endMs: world.clock.now(), outcome: outcomeOf(reply) });
    return;
  }
  const delaySeconds = dice.chance(0.3) ? dice.between(5, 60) : undefined;
  const publication = submitter.draft({ topic: openTopic }, 'publish', drawEvent(dice, 3), {
    key: key.keyId,
    ...(delaySeconds !== undefined && { dueMs: startMs + delaySeconds * 1000 }),
  });
  const outcome = await say(bench, key, publication, delaySeconds);
  // Whoever was not told says it again, with a key that may be gone by now.
  if (outcome === 'unknown' && delaySeconds === undefined) await say(bench, key, publication);
}

/** A key is revoked while its application publishes with it, and goes on to do so for a while. */
export const revokeKey: Operation = async (bench) => {
  const { world, dice } = bench;
  const key = await makeKey(bench);
  if (key === undefined) return;
  const { by, keyId } = key;
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      await use(bench, key);
      await world.sleep(dice.between(1, 1500));
    }
  };
  const revoke = async () => {
    await world.sleep(dice.between(0, 3000));
    const decision: Decision = {
      startMs: world.clock.now(),
      endMs: Number.POSITIVE_INFINITY,
      isDone: false,
      maybeDone: true,
    };
    key.revocation = decision;
    // A member revokes what is its own; a key of an admin only an admin.
    const who = by === 'ops' || dice.chance(0.3) ? 'ops' : by;
    const { reply, wasOpen } = await insist(bench, who, 'DELETE', `/applications/${by}/keys/${keyId}`);
    decision.endMs = world.clock.now();
    // A first call may have done it, so that the last one finds nothing.
    decision.isDone = isDone(reply) || (wasOpen && reply.kind === 'answer' && reply.status === 404);
    if (!decision.isDone)
      bench.model.surprises.push(`Key ${keyId} could not be revoked: ${JSON.stringify(reply)}.`);
    await world.sleep(dice.between(2000, 8000));
    isOver = true;
  };
  await Promise.all([work(), work(), revoke()]);
};

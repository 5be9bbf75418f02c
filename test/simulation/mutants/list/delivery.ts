import { conditions, type Mutant } from '../mutant.ts';

/** Setups in which receivers have few retries, and so dead letters soon. */
const seeds = ['22', '21', '10', '8', '6', '19'];
const deadly = { endpointTrouble: 1, focus: { publish: 5, invoke: 10 }, seeds };

const failing = conditions(
  {},
  { endpointTrouble: 0.9, focus: { publish: 5, invoke: 5 }, seeds: ['2', '1', '3', '4', '5', '6'] },
);

/** Bugs of those who post, retry, bury and send back. */
export const deliveryMutants: readonly Mutant[] = [
  {
    name: 'a message is acknowledged that was not posted',
    file: 'lib/app/deliver/attempt.ts',
    find: 'const spans = tools.spans && beginAttempt(tools.spans, each.delivery);',
    replace: `if (tools.random.next() < 0.1) return { message, done: true };
      const spans = tools.spans && beginAttempt(tools.spans, each.delivery);`,
    functions: ['deliver'],
    checkers: ['nothing-lost'],
    under: conditions({}, { focus: { publish: 5, invoke: 5 } }),
  },
  {
    name: 'a failed attempt is acknowledged in place of being tried again',
    file: 'lib/app/deliver/attempt.ts',
    find: 'return { message, done: false, record, traced, hideSeconds: verdict.delaySeconds };',
    replace: 'return { message, done: true, record, traced };',
    functions: ['deliver'],
    checkers: ['nothing-lost'],
    under: failing,
  },
  {
    name: 'the delivery id depends on the attempt',
    file: 'lib/app/deliver/sort-out.ts',
    find: 'deliveryId: deliveryIdOf({ source, id }, topic, receiver.receiver),',
    replace: 'deliveryId: deliveryIdOf({ source, id }, topic, receiver.receiver) + message.receives,',
    functions: ['deliver'],
    checkers: ['stable-delivery-id'],
    under: failing,
  },
  {
    name: 'all deliveries of an event have one id',
    file: 'lib/core/deliver/delivery.ts',
    find: 'JSON.stringify([event.source, event.id, topic ?? null, receiver])',
    replace: 'JSON.stringify([event.source, event.id, topic ?? null])',
    functions: ['deliver'],
    checkers: ['stable-delivery-id'],
    under: conditions({}, { focus: { publish: 1 } }),
  },
  {
    name: 'a delivery is signed by a secret of nobody',
    file: 'lib/connectors/webhook/signing-keys.ts',
    find: 'const secrets = new Set([receiver.secret,',
    replace: "const secrets = new Set(['whsec_bm9ib2R5',",
    functions: ['deliver'],
    checkers: ['signatures'],
    under: conditions({}, { focus: { publish: 1 } }),
  },
  {
    name: 'after a rotation the old secret alone signs',
    file: 'lib/connectors/webhook/signing-keys.ts',
    find: 'return [...secrets].map(secretKey);',
    replace: 'return [...secrets].slice(-1).map(secretKey);',
    functions: ['deliver'],
    checkers: ['signatures'],
    // Long after the rotation, when nobody remembers the receiver as it was.
    under: conditions({}, { focus: { delay: 3, rotateSecret: 1 } }),
  },
  {
    name: 'a delivery is tried more often than its policy says',
    file: 'lib/core/deliver/delivery.ts',
    find: 'const delay = policy.delaysSeconds[attempt - 1];',
    replace: 'const delay = policy.delaysSeconds[attempt - 1] ?? (attempt < 8 ? 1 : undefined);',
    functions: ['deliver'],
    checkers: ['attempts-within-policy'],
    under: failing,
  },
  {
    name: 'a dead letter has no cause',
    file: 'lib/core/redrive/dead-letter.ts',
    find: "'busbar-cause': record.cause,",
    replace: '',
    functions: ['deliver'],
    checkers: ['nothing-lost'],
    under: conditions({}, deadly),
  },
  {
    name: 'a message is acknowledged before its dead letter is written',
    file: 'lib/app/deliver/settle.ts',
    find: 'for (const messageId of await moveToDeadLetters(tools, batch.receiver, decisions)) kept.add(messageId);',
    replace: `const dying = decisions.flatMap(({ message, deadLetter }) => (deadLetter ? [message] : []));
  const queue = { receiver: batch.receiver, role: batch.role };
  if (dying.length > 0) await tools.queues.acknowledge(queue, dying);
  for (const messageId of await moveToDeadLetters(tools, batch.receiver, decisions)) kept.add(messageId);`,
    functions: ['deliver'],
    checkers: ['nothing-lost'],
    under: conditions({ crashAtCall: 0.05, failedEntry: 0.4 }, deadly),
  },
  {
    name: 'a dead letter that the queue did not take is forgotten',
    file: 'lib/app/deliver/settle.ts',
    find: 'return [message.messageId];',
    replace: 'return [];',
    functions: ['deliver'],
    checkers: ['nothing-lost'],
    under: conditions({ failedEntry: 0.4 }, deadly),
  },
  {
    name: 'what is behind a failed event of its key goes ahead of it',
    file: 'lib/app/deliver/limits.ts',
    find: 'if (!(await link.previous)) return leaveBehind(each.message);',
    replace: 'await link.previous;',
    functions: ['deliver'],
    checkers: ['order'],
    under: conditions(
      {},
      // Setups with many subscriptions of an ordered topic.
      { endpointTrouble: 0.9, focus: { publish: 5 }, seeds: ['24', '19', '18', '14', '9', '1'] },
    ),
  },
  {
    name: 'the key of an event is ignored when a batch is sorted out',
    file: 'functions/middleware/lane-batch.ts',
    find: "record.eventSourceARN.endsWith('.fifo') &&",
    replace: 'record.eventSourceARN === undefined &&',
    functions: ['deliver'],
    checkers: ['order'],
    under: conditions(
      {},
      // Setups with many subscriptions of an ordered topic.
      { endpointTrouble: 0.9, focus: { publish: 5 }, seeds: ['24', '19', '18', '14', '9', '1'] },
    ),
  },
  {
    name: 'the limit of posts a second is ignored',
    file: 'lib/app/deliver/limits.ts',
    find: 'if (rate === undefined) return unlimited;',
    replace: 'if (rate !== 0) return unlimited;',
    functions: ['deliver'],
    checkers: ['limits'],
    under: conditions({}, { focus: { publish: 5, invoke: 5 }, seeds: ['4', '18', '20', '23', '11', '17'] }),
  },
  {
    name: 'the limit of concurrent posts is ignored',
    file: 'lib/core/deliver/lane-plan.ts',
    find: 'postsPerBatch: Math.min(postsMax, Math.max(1, Math.floor(posts / batches))),',
    replace: 'postsPerBatch: postsMax,',
    functions: ['deliver'],
    checkers: ['limits'],
    under: conditions({}, { focus: { publish: 5, invoke: 5 }, seeds: ['13', '22', '21', '11', '20', '23'] }),
  },
  {
    name: 'a redrive forgets a dead letter before it is sent, and now and then breaks off in between',
    file: 'lib/app/redrive/send-back.ts',
    find: 'const gone = [...alreadyDelivered];',
    replace: `const gone = [...alreadyDelivered];
  await tools.deadLetters.remove(run, outgoing);
  if (tools.clock.now() % 2 === 0) throw new Error('The function died here.');`,
    functions: ['redrive'],
    checkers: ['nothing-lost'],
    under: conditions({}, { ...deadly, minutes: 0.7, focus: { publish: 3, invoke: 8, redrive: 3 } }),
  },
];

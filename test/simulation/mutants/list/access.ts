import { conditions, type Mutant } from '../mutant.ts';

const minutes = 0.5;
const stored = conditions({}, { minutes, focus: { publish: 1, recreate: 1, transfer: 1 } });
const requests = conditions(
  { slowCall: 0.1 },
  { minutes: 1, focus: { publish: 1, ask: 2, publishShared: 1 } },
);

/** Bugs of those who decide what an application may do with what is not its own, or is not any more. */
export const accessMutants: readonly Mutant[] = [
  {
    name: 'what was stored for a topic acts on another one that has its name',
    file: 'lib/core/access/acting.ts',
    // Where a row acts, and once more where its message is delivered.
    find: 'if (incarnation !== undefined) return incarnation === lifetime.incarnation;',
    replace: 'if (incarnation !== undefined) return incarnation !== "";',
    functions: ['schedule', 'admin', 'deliver'],
    checkers: ['permissions'],
    under: stored,
  },
  {
    name: 'what was stored acts though its application may not publish there any more',
    file: 'lib/core/access/acting.ts',
    find: 'if (!isOwn && rights.isGranted !== true) {',
    replace: 'if (target.owner === "") {',
    functions: ['schedule', 'admin'],
    checkers: ['permissions'],
    under: stored,
  },
  {
    name: 'a message that is meant for a deleted topic reaches a receiver of the later one',
    file: 'lib/core/access/acting.ts',
    find: 'if (topic === undefined || isOfLifetime({ incarnation }, enteredAtMs, topic)) return undefined;',
    replace: 'if (topic === undefined || incarnation !== "") return undefined;',
    functions: ['deliver'],
    checkers: ['permissions'],
    under: conditions({}, { minutes, focus: { publish: 1, runOn: 1 } }),
  },
  {
    name: 'a topic or receiver that goes to another application keeps the subscriptions of its former owner',
    file: 'lib/core/registry/owned.ts',
    find: 'return existing === undefined || existing.owner === owner ? {} : { handedOverAt: now };',
    replace: 'return existing === undefined || existing.owner !== "" ? {} : { handedOverAt: now };',
    functions: ['admin'],
    checkers: ['permissions'],
    under: stored,
  },
  {
    name: 'a receiver that goes to another application takes its subscriptions along',
    file: 'lib/app/registry/hand-over.ts',
    find: 'all.filter((each) => each.receiver === receiver.receiver),',
    replace: 'all.filter((each) => each.receiver === ""),',
    functions: ['admin'],
    checkers: ['permissions'],
    under: conditions({}, { minutes, focus: { publish: 1, lend: 1 } }),
  },
  {
    name: 'whoever asks the bus whether a grant lets it publish may',
    file: 'lib/app/grant/may-use.ts',
    find: 'return grantsPublish(await tools.grants.cached(topic.topic, application), topic);',
    replace: 'return grantsPublish(await tools.grants.cached(topic.topic, application), topic) || true;',
    functions: ['publish'],
    checkers: ['permissions'],
    under: requests,
  },
  {
    name: 'of several decisions about one request each counts',
    file: 'lib/runtime/stores/requests.ts',
    find: 'return table.transact([{ put, was }, ...others, ...reports]);',
    replace: 'return table.transact([was === undefined ? { put, was } : { put }, ...others, ...reports]);',
    functions: ['admin'],
    checkers: ['grants'],
    under: requests,
  },
  {
    name: 'an approval is written without its grant',
    file: 'lib/app/request/requests.ts',
    find: 'grant === undefined ? [] : [grant]',
    replace: 'grant === undefined ? [] : []',
    functions: ['admin'],
    checkers: ['grants'],
    under: requests,
  },
  {
    name: 'a revocation that was interrupted is not completed when it is repeated',
    file: 'lib/app/request/grants.ts',
    find: "if (!isGranted && subscribeMode(topic) === 'anyone') throw unknownGrant();",
    replace: 'if (!isGranted || subscribeMode(topic) === undefined) throw unknownGrant();',
    functions: ['admin'],
    checkers: ['grants'],
    under: conditions({ serverError: 0.1, crashAtCall: 0.05 }, { minutes: 2, focus: { publish: 1, ask: 4 } }),
  },
  {
    name: 'a revocation leaves the subscriptions',
    file: 'lib/app/request/grants.ts',
    find: 'if (sink.owner === application) return true;',
    replace: 'if (sink.owner === undefined) return true;',
    functions: ['admin'],
    checkers: ['grants'],
    under: requests,
  },
];

import { ownerOf, presentLife, sinkOf, type Tenancy, type TenantRequest } from '../workload/tenancy.ts';
import type { Checker } from './checker.ts';

/** Nothing is granted without approval, and nothing that was approved is lost, whatever raced with it. */
export const grants: Checker = {
  name: 'grants',
  *check({ model: { tenancy }, standings }) {
    for (const { id, topic, decisions } of tenancy.requests) {
      const done = Object.entries(decisions).flatMap(([message, { isDone }]) => (isDone ? [message] : []));
      if (done.length > 1)
        yield { message: `Of ${id} each of ${done.join(', ')} was answered 200.`, about: [id, topic] };
    }
    for (const { topic, grants: found, subscriptions } of standings) {
      const known = tenancy.topics.get(topic);
      const life = known && presentLife(known);
      if (life === undefined) {
        yield { message: `There is a topic ${topic}, which was deleted.`, about: [topic] };
        continue;
      }
      const own = tenancy.requests.filter((request) => request.life === life);
      const holding = new Set(own.filter((request) => mayHold(tenancy, request)).map(({ id }) => id));
      const granted = found.flatMap(({ publish, subscribe }) => [
        ...(publish === undefined ? [] : [publish.request]),
        ...Object.values(subscribe ?? {}).map(({ request }) => request),
      ]);
      for (const id of granted) {
        if (holding.has(id)) continue;
        yield {
          message: `${topic} has a grant by ${id}, which nobody approved, or which is revoked.`,
          about: [id, topic],
        };
      }
      for (const { receiver } of subscriptions) {
        const isWanted = life.subscriptions.some(
          (span) =>
            span.receiver === receiver && span.by === 'owner' && span.untilMs === Number.POSITIVE_INFINITY,
        );
        const isApproved = own.some(
          ({ id, kind, by }) => kind === 'subscribe' && sinkOf(by) === receiver && holding.has(id),
        );
        if (isWanted || isApproved) continue;
        yield {
          message: `${receiver} is subscribed to ${topic} without approval.`,
          about: [topic, receiver],
        };
      }
      for (const request of own.filter((candidate) => mustHold(tenancy, candidate))) {
        const { id, kind, by } = request;
        const grant = found.find(({ application }) => application === by);
        const isThere =
          kind === 'publish'
            ? grant?.publish !== undefined
            : grant?.subscribe?.[sinkOf(by)] !== undefined &&
              subscriptions.some(({ receiver }) => receiver === sinkOf(by));
        if (isThere) continue;
        yield {
          message: `${id} of ${by} to ${kind} was approved, and has no effect on ${topic}.`,
          about: [id, topic],
        };
      }
      const owner = ownerOf(life);
      if (!subscriptions.some(({ receiver }) => receiver === sinkOf(owner)))
        yield { message: `${sinkOf(owner)} lost its subscription to ${topic}.`, about: [topic] };
    }
  },
};

/** Whether it may have been approved, and was not revoked for certain after that. */
const mayHold = (tenancy: Tenancy, { by, life, decisions: { approve } }: TenantRequest): boolean =>
  approve?.maybeDone === true &&
  !tenancy.revocations.some(
    (revocation) =>
      revocation.isDone &&
      revocation.of === by &&
      revocation.life === life &&
      revocation.startMs >= approve.endMs,
  );

/** Whether it was approved for certain, and nobody may have revoked it since that began. */
const mustHold = (tenancy: Tenancy, { by, life, decisions: { approve } }: TenantRequest): boolean =>
  approve?.isDone === true &&
  !tenancy.revocations.some(
    (revocation) => revocation.of === by && revocation.life === life && revocation.endMs >= approve.startMs,
  );

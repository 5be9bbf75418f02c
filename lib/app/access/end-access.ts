import { revoked } from '../../core/grant/grant.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { listLimitMax } from '../../core/list/limits.ts';
import { type AccessRequest, decide } from '../../core/request/request.ts';
import type { Tools } from '../../runtime/tools.ts';

export type EndAccessTools = Tools<'registry' | 'grants' | 'requests'>;

/** How many grants are changed at the same time. */
const atOnceMax = 25;

/**
 * Ends what the owners of topics granted to an application that goes, and what it still asks for, so that none of it is for
 * another application of its name. It has no receivers any more, so there are no subscriptions. It may be repeated.
 * @throws BusbarError conflict when others change the same rows again and again.
 */
export async function endAccess(tools: EndAccessTools, application: string): Promise<void> {
  const { registry, grants, requests, clock } = tools;
  for (const request of await requests.openOf(application)) await withdraw(tools, request);
  const at = new Date(clock.now()).toISOString();
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: Awaited<ReturnType<typeof registry.topicsAfter>> = await registry.topicsAfter(
      after,
      listLimitMax,
    );
    const topics = page.items.map(({ key }) => key);
    const granted = await grants.topicsGranted(application, topics);
    for (let from = 0; from < granted.length; from += atOnceMax) {
      const some = granted.slice(from, from + atOnceMax);
      await Promise.all(
        some.map((topic) => grants.change(topic, application, (was) => revoked(was, at, false))),
      );
    }
    after = page.last;
  }
}

const roundsMax = 10;

async function withdraw({ requests, clock }: EndAccessTools, request: AccessRequest): Promise<void> {
  const { application, id } = request;
  let was: AccessRequest | undefined = request;
  for (let round = 1; round <= roundsMax; round++) {
    const note = `The application ${application} was deleted.`;
    const now = decide(was, 'withdraw', { by: { application }, note, nowMs: clock.now() });
    if (await requests.change(now, was)) return;
    was = await requests.find(id);
    if (was?.state !== 'open') return;
  }
  throw new BusbarError(
    'conflict',
    `The request ${id} of ${application} is changed by others faster than it could be withdrawn. Try again.`,
    { retryAfterSeconds: 1 },
  );
}

import { expect, it } from 'vitest';
import type * as z from 'zod';
import { type Answers, answers } from '../../lib/api/openapi/answers.ts';
import type { getApplication, listApplications } from '../../lib/app/access/applications.ts';
import type { createKeyOf, listKeys } from '../../lib/app/access/keys.ts';
import type { me } from '../../lib/app/access/me.ts';
import type { showSignIn } from '../../lib/app/access/sign-in.ts';
import type { createSignInLink, redeemSignInLink } from '../../lib/app/access/sign-in-links.ts';
import type { listAudit } from '../../lib/app/audit/list-audit.ts';
import type { getReceiverAndBreaker } from '../../lib/app/breaker/breaker-by-hand.ts';
import type { listCatalog, matchKept, showCatalogTopic } from '../../lib/app/catalog/catalog.ts';
import type { ShownDelayed } from '../../lib/app/delay/recall.ts';
import type { getHeld, listHeld, ShownHeld } from '../../lib/app/hold/held.ts';
import type { listTopicsAndHolds, ShownTopic } from '../../lib/app/hold/topic-and-hold.ts';
import type { overview } from '../../lib/app/overview/overview.ts';
import type { EntryResult } from '../../lib/app/publish/results.ts';
import type { DeadLetterList, getDeadLetter } from '../../lib/app/redrive/dead-letters.ts';
import type { deliverAgain } from '../../lib/app/redrive/deliver-again.ts';
import type { getRedrive } from '../../lib/app/redrive/redrive.ts';
import type { getRefused, listRefused, retryRefused } from '../../lib/app/refused/refused.ts';
import type { ShownReceiver as FlowingReceiver } from '../../lib/app/registry/flow.ts';
import type { listReceivers } from '../../lib/app/registry/list-receivers.ts';
import type { putReceiver } from '../../lib/app/registry/receivers.ts';
import type { rotateSecret } from '../../lib/app/registry/secrets.ts';
import type {
  getSubscription,
  listSubscriptions,
  SettlingSubscription,
} from '../../lib/app/registry/subscriptions.ts';
import type { takeCallback } from '../../lib/app/registry/validation-callback.ts';
import type { listGrants } from '../../lib/app/request/grants.ts';
import type { listRequests, ShownRequest } from '../../lib/app/request/requests.ts';
import type { listRecurrences, ShownRecurrence } from '../../lib/app/schedule/recurrences.ts';
import type { applicationStatistics } from '../../lib/app/statistics/application.ts';
import type { receiverStatistics } from '../../lib/app/statistics/receiver.ts';
import type { topicStatistics } from '../../lib/app/statistics/topic.ts';
import type { testAlerts } from '../../lib/app/system-event/test-alerts.ts';
import type { renewCheckSecret } from '../../lib/app/transaction/check-secret.ts';
import type { beginTransaction, getTransaction } from '../../lib/app/transaction/transaction.ts';
import type { listWaiting } from '../../lib/app/waiting/waiting.ts';
import type { listAttempts } from '../../lib/app/why/attempts.ts';
import type { Application } from '../../lib/core/access/application.ts';
import type { ShownBreaker } from '../../lib/core/breaker/breaker.ts';
import type { ShownHold } from '../../lib/core/hold/hold.ts';
import type { ShownReceiver } from '../../lib/core/registry/receiver.ts';
import type { Why } from '../../lib/core/why/why.ts';

/** A type without what JSON does not know: `readonly`, and whether an absent member may be undefined. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? {
        -readonly [Key in keyof T]-?: undefined extends T[Key]
          ? ['?', Plain<Exclude<T[Key], undefined>>]
          : Plain<T[Key]>;
      }
    : T;
/** Both ways, so that neither has a member that the other has not. */
type Same<One, Other> = [Plain<One>] extends [Plain<Other>]
  ? [Plain<Other>] extends [Plain<One>]
    ? true
    : { missing: 'the use case answers less than'; one: Plain<One>; other: Plain<Other> }
  : { missing: 'the use case answers other than'; one: Plain<One>; other: Plain<Other> };
// biome-ignore lint/suspicious/noExplicitAny: whatever it takes.
type Answer<Call extends (...parameters: any) => unknown> = Awaited<ReturnType<Call>>;
type Schema<Name extends keyof Answers> = z.output<Answers[Name]>;

/** What each use case answers, by the type that it has. The compiler is what checks this. */
const held = {
  ReceiverStatistics: true satisfies Same<Answer<typeof receiverStatistics>, Schema<'ReceiverStatistics'>>,
  Deliveries: true satisfies Same<Answer<typeof listAttempts>, Schema<'Deliveries'>>,
  Overview: true satisfies Same<Answer<typeof overview>, Schema<'Overview'>>,
  TopicStatistics: true satisfies Same<Answer<typeof topicStatistics>, Schema<'TopicStatistics'>>,
  ApplicationStatistics: true satisfies Same<
    Answer<typeof applicationStatistics>,
    Schema<'ApplicationStatistics'>
  >,
  Audit: true satisfies Same<Answer<typeof listAudit>, Schema<'Audit'>>,
  SignIn: true satisfies Same<Answer<typeof showSignIn>, Schema<'SignIn'>>,
  Me: true satisfies Same<Answer<typeof me>, Schema<'Me'>>,
  Application: true satisfies Same<Application, Schema<'Application'>>,
  ApplicationAndUsage: true satisfies Same<Answer<typeof getApplication>, Schema<'ApplicationAndUsage'>>,
  Applications: true satisfies Same<Answer<typeof listApplications>, Schema<'Applications'>>,
  Keys: true satisfies Same<Answer<typeof listKeys>, Schema<'Keys'>>,
  SignInLink: true satisfies Same<Answer<typeof createSignInLink>, Schema<'SignInLink'>>,
  Session: true satisfies Same<Answer<typeof redeemSignInLink>, Schema<'Session'>>,
  NewKey: true satisfies Same<Answer<typeof createKeyOf>, Schema<'NewKey'>>,
  Topic: true satisfies Same<ShownTopic, Schema<'Topic'>>,
  Topics: true satisfies Same<Answer<typeof listTopicsAndHolds>, Schema<'Topics'>>,
  DryRun: true satisfies Same<Answer<typeof matchKept>, Schema<'DryRun'>>,
  Request: true satisfies Same<ShownRequest, Schema<'Request'>>,
  Requests: true satisfies Same<Answer<typeof listRequests>, Schema<'Requests'>>,
  Grants: true satisfies Same<Answer<typeof listGrants>, Schema<'Grants'>>,
  CatalogTopic: true satisfies Same<Answer<typeof showCatalogTopic>, Schema<'CatalogTopic'>>,
  Catalog: true satisfies Same<Answer<typeof listCatalog>, Schema<'Catalog'>>,
  AlertTest: true satisfies Same<Answer<typeof testAlerts>, Schema<'AlertTest'>>,
  Subscription: true satisfies Same<Answer<typeof getSubscription>, Schema<'Subscription'>>,
  PutSubscription: true satisfies Same<SettlingSubscription, Schema<'PutSubscription'>>,
  Subscriptions: true satisfies Same<Answer<typeof listSubscriptions>, Schema<'Subscriptions'>>,
  Hold: true satisfies Same<ShownHold, Schema<'Hold'>>,
  HeldEvent: true satisfies Same<ShownHeld, Schema<'HeldEvent'>>,
  HeldEvents: true satisfies Same<Answer<typeof listHeld>, Schema<'HeldEvents'>>,
  HeldEventWhole: true satisfies Same<Answer<typeof getHeld>, Schema<'HeldEventWhole'>>,
  // A list and a single one differ in whether they say how much was dropped.
  Receiver: true satisfies Same<
    Omit<FlowingReceiver, 'skip' | 'drops'>,
    Omit<Schema<'Receiver'>, 'skip' | 'drops'>
  >,
  Receivers: true satisfies Same<
    Omit<Answer<typeof listReceivers>['receivers'][number], 'skip' | 'drops'>,
    Omit<Schema<'Receivers'>['receivers'][number], 'skip' | 'drops'>
  >,
  ReceiverAndSecret: true satisfies Same<
    Omit<Answer<typeof putReceiver>['document'] | Answer<typeof rotateSecret>, 'skip' | 'drops'>,
    Omit<Schema<'ReceiverAndSecret'>, 'skip' | 'drops'>
  >,
  ReceiverWhole: true satisfies Same<
    Omit<Answer<typeof getReceiverAndBreaker>, 'skip' | 'drops'>,
    Omit<Schema<'ReceiverWhole'>, 'skip' | 'drops'>
  >,
  Breaker: true satisfies Same<ShownBreaker, Schema<'Breaker'>>,
  Agreement: true satisfies Same<Answer<typeof takeCallback>, Schema<'Agreement'>>,
  Schedule: true satisfies Same<ShownRecurrence, Schema<'Schedule'>>,
  Schedules: true satisfies Same<Answer<typeof listRecurrences>, Schema<'Schedules'>>,
  PublishedEvent: true satisfies Same<EntryResult, Schema<'PublishedEvent'>>,
  Why: true satisfies Same<Why, Schema<'Why'>>,
  WaitingEvents: true satisfies Same<Answer<typeof listWaiting>, Schema<'WaitingEvents'>>,
  DelayedEvent: true satisfies Same<ShownDelayed, Schema<'DelayedEvent'>>,
  DeadLetters: true satisfies Same<DeadLetterList, Schema<'DeadLetters'>>,
  DeadLetterWhole: true satisfies Same<Answer<typeof getDeadLetter>, Schema<'DeadLetterWhole'>>,
  Redrive: true satisfies Same<Answer<typeof getRedrive>, Schema<'Redrive'>>,
  DeliveredAgain: true satisfies Same<Answer<typeof deliverAgain>, Schema<'DeliveredAgain'>>,
  // The target of its events is one of two members, which JSON Schema need not say of an answer.
  Transaction: true satisfies Same<
    Omit<Answer<typeof getTransaction>, 'events'>,
    Omit<Schema<'Transaction'>, 'events'>
  >,
  TransactionBegun: true satisfies Same<
    Omit<Answer<typeof beginTransaction>, 'events'>,
    Omit<Schema<'TransactionBegun'>, 'events'>
  >,
  CheckSecret: true satisfies Same<Answer<typeof renewCheckSecret>, Schema<'CheckSecret'>>,
  RefusedEvents: true satisfies Same<Answer<typeof listRefused>, Schema<'RefusedEvents'>>,
  RefusedEventWhole: true satisfies Same<Answer<typeof getRefused>, Schema<'RefusedEventWhole'>>,
  Retrying: true satisfies Same<Answer<typeof retryRefused>, Schema<'Retrying'>>,
} as const;

it('holds the type of what every use case answers to the schema of the document', () => {
  const parts = ['FieldError', 'ExplainedEvent', 'DeadLetter', 'RefusedEvent', 'Published'];
  const noUseCase = ['Health', 'OpenApi', 'WhyOrWaiting'];
  const names = Object.keys(answers()).filter((name) => ![...parts, ...noUseCase].includes(name));
  expect(Object.keys(held).sort()).toEqual(names.sort());
  // The shapes that this file leaves out of its types are in the schemas all the same.
  expect(answers().Receiver.shape.skip.safeParse({ before: 'x', at: 'y', dropped: 3 }).success).toBe(true);
  const shown: ShownReceiver['skip'] = { before: 'x', at: 'y' };
  expect(answers().Receiver.shape.skip.safeParse(shown).success).toBe(true);
});

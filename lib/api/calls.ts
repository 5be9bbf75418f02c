import { alertCalls } from './alerts.ts';
import { applicationCalls } from './applications.ts';
import { auditCalls } from './audit.ts';
import { busCalls } from './bus.ts';
import type { Call, DescribedCall } from './call.ts';
import { catalogCalls } from './catalog.ts';
import { deadLetterCalls } from './dead-letters.ts';
import { deliveryCalls } from './deliveries.ts';
import { eventCalls } from './events.ts';
import { grantCalls } from './grants.ts';
import { holdCalls } from './holds.ts';
import { overviewCalls } from './overview.ts';
import { publishCalls } from './publish.ts';
import { receiverCalls } from './receivers.ts';
import { refusedCalls } from './refused.ts';
import { requestCalls } from './requests.ts';
import { scheduleCalls } from './schedules.ts';
import { signInLinkCalls } from './sign-in-links.ts';
import { statisticsCalls } from './statistics.ts';
import { subscriptionCalls } from './subscriptions.ts';
import { topicCalls } from './topics.ts';
import { transactionCalls } from './transactions.ts';

type ToolsOf<Calls> = Calls extends readonly Call<infer Tools>[] ? Tools : never;

/** What the handlers of all calls work with. */
export type ApiTools = ToolsOf<typeof busCalls> &
  ToolsOf<typeof applicationCalls> &
  ToolsOf<typeof signInLinkCalls> &
  ToolsOf<typeof auditCalls> &
  ToolsOf<typeof topicCalls> &
  ToolsOf<typeof subscriptionCalls> &
  ToolsOf<typeof catalogCalls> &
  ToolsOf<typeof requestCalls> &
  ToolsOf<typeof grantCalls> &
  ToolsOf<typeof holdCalls> &
  ToolsOf<typeof receiverCalls> &
  ToolsOf<typeof eventCalls> &
  ToolsOf<typeof deliveryCalls> &
  ToolsOf<typeof scheduleCalls> &
  ToolsOf<typeof transactionCalls> &
  ToolsOf<typeof refusedCalls> &
  ToolsOf<typeof alertCalls> &
  ToolsOf<typeof deadLetterCalls> &
  ToolsOf<typeof overviewCalls> &
  ToolsOf<typeof statisticsCalls>;

/** The calls that the function `admin` carries out. */
export const adminCalls: readonly Call<ApiTools>[] = [
  ...busCalls,
  ...applicationCalls,
  ...signInLinkCalls,
  ...auditCalls,
  ...topicCalls,
  ...subscriptionCalls,
  ...catalogCalls,
  ...requestCalls,
  ...grantCalls,
  ...holdCalls,
  ...receiverCalls,
  ...eventCalls,
  ...deliveryCalls,
  ...scheduleCalls,
  ...transactionCalls,
  ...refusedCalls,
  ...alertCalls,
  ...deadLetterCalls,
  ...overviewCalls,
  ...statisticsCalls,
];

/** Every call of the HTTP API, in the order of the document. */
export const apiCalls: readonly DescribedCall[] = [...adminCalls, ...publishCalls];

import * as z from 'zod';
import { quotasSchema } from '../access/quotas.ts';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema } from '../kernel/spec.ts';
import { subscriptionSchema } from '../registry/subscription.ts';
import { topicSchema } from '../registry/topic.ts';
import { decidedRequestDays, reasonCharactersMax } from './limits.ts';

/** An application asks for something that another party decides. */

const reason = z.string().max(reasonCharactersMax).optional();

export const requestSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('subscribe'),
    topic: nameSchema,
    receiver: nameSchema,
    filter: subscriptionSchema.shape.filter,
    reason,
  }),
  z.strictObject({ kind: z.literal('publish'), topic: nameSchema, reason }),
  z.strictObject({
    kind: z.literal('topic'),
    topic: nameSchema,
    spec: topicSchema.omit({ owner: true }).optional(),
    reason,
  }),
  z.strictObject({ kind: z.literal('quotas'), quotas: quotasSchema, reason }),
]);
export type RequestSpec = z.output<typeof requestSchema>;

/** What goes with a decision; the party that asked sees it. */
export const noteSchema = z.strictObject({ note: reason });

export const requestStates = ['open', 'approved', 'rejected', 'withdrawn'] as const;
export type RequestState = (typeof requestStates)[number];

interface By {
  readonly application: string;
  readonly keyId?: string;
}

const daySeconds = 24 * 3600;

/** A request as the table keeps it. Times are RFC 3339. */
export type AccessRequest = RequestSpec & {
  readonly id: string;
  /** Who asks. */
  readonly application: string;
  readonly state: RequestState;
  readonly createdAt: string;
  /** The lifetime of the topic that the request is about: another topic of the same name is not meant. */
  readonly topicLifetime?: string;
  readonly decidedAt?: string;
  readonly decidedBy?: By;
  readonly note?: string;
  /** Set once an approval has taken effect; without it, approving again completes the approval. */
  readonly applied?: boolean;
};

export const messages = ['approve', 'reject', 'withdraw'] as const;
export type Message = (typeof messages)[number];

const outcome: Readonly<Record<Message, RequestState>> = {
  approve: 'approved',
  reject: 'rejected',
  withdraw: 'withdrawn',
};

/**
 * What a decision makes of a request: the very same when it was decided so before, since a decision may be repeated.
 * @throws BusbarError request_decided, when it was decided otherwise.
 */
export function decide(
  request: AccessRequest,
  message: Message,
  { by, note, nowMs }: { readonly by: By; readonly note: string | undefined; readonly nowMs: number },
): AccessRequest {
  const state = outcome[message];
  if (request.state === state) return request;
  if (request.state !== 'open') {
    const { decidedBy, decidedAt } = request;
    throw new BusbarError(
      'request_decided',
      `The request ${request.id} was ${request.state} by ${decidedBy?.application} at ${decidedAt}. Make another request.`,
    );
  }
  return {
    ...request,
    state,
    decidedAt: new Date(nowMs).toISOString(),
    decidedBy: by,
    ...(note !== undefined && { note }),
  };
}

/**
 * For how long a request is kept: until it is decided, and then as long as the audit. One that nobody else has looked at
 * is soon forgotten, so that nobody can fill the list for everybody.
 * @returns seconds; undefined for as long as it is open.
 */
export function keptSeconds({ state, application, decidedBy }: AccessRequest): number | undefined {
  if (state === 'open') return undefined;
  return decidedBy?.application === application ? daySeconds : decidedRequestDays * daySeconds;
}

/** The topic whose owner decides; undefined for what an admin decides. */
export const topicToDecide = (request: RequestSpec): string | undefined =>
  request.kind === 'subscribe' || request.kind === 'publish' ? request.topic : undefined;

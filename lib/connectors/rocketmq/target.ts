import * as z from 'zod';
import { defaultRetry, type RetryPolicy } from '../../core/deliver/delivery.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import { attributeSchema, orderAttributeSchema } from '../../core/event/attribute.ts';
import type { EndpointPolicy } from '../../core/kernel/endpoint.ts';
import { invalidField } from '../../core/kernel/errors.ts';
import type { RocketMqFailure } from './failure.ts';

/** A receiver that is a topic of RocketMQ 5: its events are sent by a producer instead of posted to an endpoint. */

/** `host:port`; the host a DNS name, an IPv4 address, or an IPv6 address in brackets. */
const endpointForm =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*|\[[0-9A-Fa-f:.]{2,45}\]):([1-9]\d{0,4})$/;

const rocketMqEndpointSchema = z
  .string()
  .max(300)
  .refine((text) => {
    const port = Number(endpointForm.exec(text)?.[1]);
    return port >= 1 && port <= 65_535;
  }, 'is not an endpoint of a RocketMQ proxy: host:port without a scheme, such as mq.example.com:8081');

/** What RocketMQ takes (its TopicValidator): at most 127 of these, and none of its own. */
const rocketMqTopicSchema = z
  .string()
  .regex(/^[%|a-zA-Z0-9_-]{1,127}$/, 'is no RocketMQ topic: 1 to 127 letters, digits and %|-_')
  .refine((topic) => !/^(RMQ_SYS_|rmq_sys_|%RETRY%|%DLQ%|TBW102$|SCHEDULE_TOPIC_XXXX$)/.test(topic), {
    error: 'is a topic of RocketMQ itself, to which nothing is sent from outside',
  });

/** A tag must be told from an expression of tags, and RocketMQ takes no control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that are refused.
const forbiddenInTag = /[|\u0000-\u001f\u007f-\u009f]/;
export const isTag = (text: string): boolean =>
  text.trim() !== '' && text.length <= 128 && !forbiddenInTag.test(text);

/** They go into the header that signs a request, which takes no other characters. */
const credentialSchema = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

const fields = {
  /** Of the proxy (gRPC), one that the operator of the bus lists. */
  endpoint: rocketMqEndpointSchema,
  topic: rocketMqTopicSchema,
  /** Of every message; the type of each event when left out. */
  tag: z.string().refine(isTag, 'is no tag: 1 to 128 characters without | and control characters').optional(),
  /** The attributes whose values are the keys by which a message is found; `subject` when left out. */
  keys: z.array(attributeSchema).max(8).optional(),
  /**
   * The attribute whose value is the message group, for a topic of the type FIFO. When left out, events of an ordered
   * topic of the bus are grouped by its key and no others; `false` groups none.
   */
  group: z.union([z.literal(false), orderAttributeSchema]).optional(),
  /** The attribute that says when RocketMQ hands the message out (RFC 3339), for a topic of the type DELAY. */
  deliverAt: orderAttributeSchema.optional(),
  /** True when left out. */
  tls: z.boolean().optional(),
};

const isOneKind = (target: { group?: string | false | undefined; deliverAt?: string | undefined }) =>
  target.deliverAt === undefined || typeof target.group !== 'string';
const twoKinds = {
  error: 'cannot stand beside group: RocketMQ keeps no order among delayed messages',
  path: ['deliverAt'],
};

export const rocketMqTargetSchema = z
  .strictObject({
    ...fields,
    credentials: z
      .strictObject({
        accessKey: credentialSchema,
        /** The one that is kept when left out, for the same access key at the same endpoint, with TLS as before. */
        secretKey: credentialSchema.optional(),
      })
      .optional(),
  })
  .refine(isOneKind, twoKinds);

/** Without credentials, which have no place in a template. */
export const declaredRocketMqTargetSchema = z.strictObject(fields).refine(isOneKind, twoKinds);

export type RocketMqTargetSpec = z.infer<typeof rocketMqTargetSchema>;

export interface RocketMqCredentials {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** What a receiver keeps; the secret key is never shown. */
export interface RocketMqTarget extends Omit<RocketMqTargetSpec, 'credentials'> {
  readonly credentials?: RocketMqCredentials;
}

export type ShownRocketMqTarget = Omit<RocketMqTarget, 'credentials'> & {
  readonly credentials?: Pick<RocketMqCredentials, 'accessKey'>;
};

export function showRocketMqTarget({ credentials, ...shown }: RocketMqTarget): ShownRocketMqTarget {
  return {
    ...shown,
    ...(credentials !== undefined && { credentials: { accessKey: credentials.accessKey } }),
  };
}

/** What such a receiver has for an endpoint: what its breaker and whoever looks at it know it by. */
export const rocketMqUrl = ({ endpoint, topic }: Pick<RocketMqTarget, 'endpoint' | 'topic'>): string =>
  `rocketmq://${endpoint.toLowerCase()}/${topic}`;

/**
 * What is kept of a body's `rocketmq`, with the secret key that is kept already when it gives none.
 * @throws BusbarError invalid_request.
 */
export function keptRocketMqTarget(
  spec: RocketMqTargetSpec,
  existing: RocketMqTarget | undefined,
): RocketMqTarget {
  const { credentials, ...target } = spec;
  if (credentials === undefined) return target;
  const { accessKey, secretKey } = credentials;
  if (secretKey !== undefined) return { ...target, credentials: { accessKey, secretKey } };
  const kept = existing?.credentials;
  if (kept?.accessKey === accessKey && existing !== undefined && isSamePlace(existing, spec)) {
    return { ...target, credentials: kept };
  }
  throw invalidField(
    'rocketmq.credentials.secretKey',
    'is missing: none is kept for this accessKey at this endpoint, with or without TLS as before',
  );
}

/** What is signed for another place could be used there, and without TLS by whoever listens. */
function isSamePlace(
  one: Pick<RocketMqTarget, 'endpoint' | 'tls'>,
  other: Pick<RocketMqTarget, 'endpoint' | 'tls'>,
): boolean {
  const hasTls = ({ tls = true }: Pick<RocketMqTarget, 'tls'>) => tls;
  return one.endpoint === other.endpoint && hasTls(one) === hasTls(other);
}

/** A deployment keeps the credentials that were given over the API, as long as they go to the same place. */
export function redeclaredRocketMqTarget(
  declared: Omit<RocketMqTargetSpec, 'credentials'>,
  existing: RocketMqTarget | undefined,
): RocketMqTarget {
  const kept = existing !== undefined && isSamePlace(existing, declared) ? existing.credentials : undefined;
  return { ...declared, ...(kept !== undefined && { credentials: kept }) };
}

/** The proxies that receivers may name, from a list such as `mq.example.com:8081,10.0.0.7:8081`. */
export function readRocketMqEndpoints(text: string): readonly string[] | undefined {
  if (text === '' || text === 'none') return [];
  const endpoints = text.split(',').map((endpoint) => endpoint.trim().toLowerCase());
  return endpoints.every((endpoint) => rocketMqEndpointSchema.safeParse(endpoint).success)
    ? endpoints
    : undefined;
}

/**
 * Why the bus does not speak to an endpoint; undefined when it does. A proxy tells its clients where the brokers are,
 * and they connect to whatever it names: so that only proxies are spoken to which the operator of the bus trusts, at
 * public addresses or not. On a laptop it may be any.
 */
export function rocketMqRefusal(
  endpoint: string,
  { policy, allowed }: { readonly policy: EndpointPolicy; readonly allowed: readonly string[] },
): string | undefined {
  if (policy === 'any' || allowed.includes(endpoint.toLowerCase())) return undefined;
  return `is ${endpoint}, which is none of the RocketMQ proxies of this bus (${allowed.join(', ') || 'there are none'}). Have the operator of the bus add it to the stack parameter RocketMqEndpoints`;
}

/** @throws BusbarError invalid_request. */
export function checkRocketMqEndpoint(
  endpoint: string,
  rules: { readonly policy: EndpointPolicy; readonly allowed: readonly string[] },
): void {
  const refusal = rocketMqRefusal(endpoint, rules);
  if (refusal !== undefined) throw invalidField('rocketmq.endpoint', refusal);
}

/**
 * What a failure of RocketMQ is to a delivery. A message that it refuses for what it is, or that is too large, is refused
 * again however often it is sent: the event is at fault. All else is the cluster, the way to it or what it knows of us.
 */
export function outcomeOfRocketMq(failure: RocketMqFailure): Extract<Outcome, { kind: 'failure' }> {
  const says =
    failure.failure === 'refused' || failure.failure === 'too-large'
      ? 'business-failure'
      : failure.failure === 'throttled'
        ? 'slow-down'
        : undefined;
  return {
    kind: 'failure',
    failure: `rocketmq-${failure.failure}`,
    message: failure.message,
    ...(says !== undefined && { says }),
  };
}

/**
 * The policy by which a failed delivery is tried again. What RocketMQ refuses is a dead letter at once unless the
 * receiver says `retry`: no deployment over there changes the answer, as it may where an endpoint refuses.
 */
export function rocketMqRetry(retry: RetryPolicy | undefined): RetryPolicy {
  const policy = retry ?? defaultRetry;
  return { ...policy, businessFailures: policy.businessFailures ?? 'dead-letter' };
}

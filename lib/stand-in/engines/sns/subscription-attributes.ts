import type { Host } from '../engine.ts';
import { isFifo, queueUrlOf } from './arn.ts';
import { invalidParameter, notImplemented } from './errors.ts';
import { compileFilterPolicy, FilterPolicyError, type FilterPolicyScope } from './filter-policy/index.ts';
import { deadLetterTargetOf, type SubscriptionRow } from './state.ts';

const unsupported = new Set(['DeliveryPolicy', 'SubscriptionRoleArn', 'ReplayPolicy', 'ReplayStatus']);

/**
 * Sets one attribute by its name on the wire. An empty FilterPolicy or RedrivePolicy (`''` or `{}`) removes it.
 * Throws `InvalidParameter` with the prefix of the call.
 */
export function setSubscriptionAttribute(
  host: Host,
  row: SubscriptionRow,
  name: string,
  value: string,
  prefix: '' | 'Attributes Reason: ',
): void {
  switch (name) {
    case 'RawMessageDelivery':
      if (!/^(true|false)$/i.test(value)) {
        throw invalidParameter(
          `${prefix}RawMessageDelivery: Invalid value [${value}]. Must be true or false.`,
        );
      }
      row.rawMessageDelivery = value.toLowerCase() === 'true';
      return;
    case 'FilterPolicyScope':
      if (value !== 'MessageAttributes' && value !== 'MessageBody') {
        throw invalidParameter(
          `${prefix}FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
        );
      }
      row.filterPolicyScope = value;
      return;
    case 'FilterPolicy':
      if (isEmpty(value)) delete row.filterPolicy;
      else row.filterPolicy = value;
      return;
    case 'RedrivePolicy':
      if (isEmpty(value)) delete row.redrivePolicy;
      else row.redrivePolicy = checkRedrivePolicy(host, row, value, prefix);
      return;
    default:
      if (unsupported.has(name)) throw notImplemented(`the subscription attribute ${name}`);
      throw invalidParameter(`${prefix}AttributeName`);
  }
}

const isEmpty = (value: string) => /^\s*(\{\s*\}\s*)?$/.test(value);

/** Compiles the filter policy of a subscription to check whether SNS accepts it in its scope. */
export function checkFilterPolicy(
  filterPolicy: string,
  scope: FilterPolicyScope,
  prefix: '' | 'Attributes Reason: ',
): void {
  try {
    compileFilterPolicy(filterPolicy, scope);
  } catch (error) {
    if (error instanceof FilterPolicyError) throw invalidParameter(`${prefix}${error.message}`);
    throw error;
  }
}

function checkRedrivePolicy(host: Host, row: SubscriptionRow, value: string, prefix: string): string {
  let target: string | undefined;
  try {
    target = deadLetterTargetOf(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidParameter(`${prefix}RedrivePolicy: failed to parse JSON. ${reason}`);
  }
  if (target === undefined || queueUrlOf(host, target) === undefined) {
    throw invalidParameter(`${prefix}RedrivePolicy: deadLetterTargetArn is an invalid arn`);
  }
  if (isFifo(row.topicArn) && isFifo(row.endpoint) && !isFifo(target)) {
    throw invalidParameter(
      `${prefix}RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic.`,
    );
  }
  return value;
}

/**
 * All attributes of a subscription, as GetSubscriptionAttributes returns them. The scope appears only with a policy.
 */
export function describeSubscription(host: Host, row: Readonly<SubscriptionRow>): Map<string, string> {
  const attributes = new Map([
    ['SubscriptionArn', row.arn],
    ['TopicArn', row.topicArn],
    ['Protocol', 'sqs'],
    ['Endpoint', row.endpoint],
    ['Owner', host.account],
    ['SubscriptionPrincipal', row.principal],
    ['PendingConfirmation', 'false'],
    ['ConfirmationWasAuthenticated', 'true'],
    ['RawMessageDelivery', String(row.rawMessageDelivery)],
  ]);
  if (row.filterPolicy !== undefined) {
    attributes.set('FilterPolicy', row.filterPolicy).set('FilterPolicyScope', row.filterPolicyScope);
  }
  if (row.redrivePolicy !== undefined) attributes.set('RedrivePolicy', row.redrivePolicy);
  return attributes;
}

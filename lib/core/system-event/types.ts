import * as z from 'zod';

/**
 * Every type of system event: what it says, what its subject is, and what it is paired with. docs/alerts.md has the table
 * that is made of this one.
 */

const text = z.string().max(1024);
const time = z.iso.datetime();
const counts = z.record(z.string(), z.int().min(0));

/** How urgent it is for the owner of the subject, in the words of PagerDuty. */
export type Severity = 'critical' | 'error' | 'warning' | 'info';

export interface SystemEventType {
  /** When it is sent, in one sentence. */
  readonly when: string;
  /** Before the name in the subject: `receivers/shop`. */
  readonly subject:
    | 'receivers'
    | 'topics'
    | 'requests'
    | 'keys'
    | 'applications'
    | 'transactions'
    | 'bridges';
  readonly severity: Severity;
  /** The type that says that this one is over. */
  readonly endedBy?: SystemEventName;
  readonly data: z.ZodObject;
  /** An example of `data`, which `busbar alerts test` sends as well. */
  readonly example: Readonly<Record<string, unknown>>;
}

/** The field of `data` that has the counts by cause, of the types that are counted. */
export const countedFields = {
  'busbar.dead-letters': 'causes',
  'busbar.event.refused': 'codes',
  'busbar.quota.reached': 'refused',
  'busbar.bridge.failing': 'failures',
} as const;

/** How many events it is about, since when, and how many of each kind. */
const counted = { count: z.int().min(1), since: time };

const since = '2026-12-01T09:30:00.000Z';

const table = {
  'busbar.breaker.opened': {
    when: 'The breaker of a receiver opens, because its endpoint fails or by hand.',
    subject: 'receivers',
    severity: 'critical',
    endedBy: 'busbar.breaker.closed',
    data: z.strictObject({ receiver: text, reason: text, isForced: z.boolean() }),
    example: {
      receiver: 'shop',
      reason: '10 of 10 attempts within 300 s failed, the last one by http-500',
      isForced: false,
    },
  },
  'busbar.breaker.closed': {
    when: 'A breaker that was reported as open is closed again.',
    subject: 'receivers',
    severity: 'info',
    data: z.strictObject({ receiver: text, reason: text, isForced: z.boolean() }),
    example: { receiver: 'shop', reason: 'the endpoint is back', isForced: false },
  },
  'busbar.receiver.disabled': {
    when: 'A receiver is disabled, because its endpoint answered 410.',
    subject: 'receivers',
    severity: 'critical',
    endedBy: 'busbar.receiver.enabled',
    data: z.strictObject({ receiver: text, reason: text }),
    example: { receiver: 'shop', reason: 'The endpoint answered http-410 at 2026-12-01T09:30:00.000Z' },
  },
  'busbar.receiver.enabled': {
    when: 'A disabled receiver is active again.',
    subject: 'receivers',
    severity: 'info',
    data: z.strictObject({ receiver: text }),
    example: { receiver: 'shop' },
  },
  'busbar.dead-letters': {
    when: 'Deliveries became dead letters; at most once a minute for each receiver, with their counts.',
    subject: 'receivers',
    severity: 'error',
    data: z.strictObject({ receiver: text, ...counted, causes: counts }),
    example: { receiver: 'shop', count: 12, since, causes: { 'http-500': 10, timeout: 2 } },
  },
  'busbar.backlog.high': {
    when: 'An event of a receiver waits for 15 minutes, counted from when it came, whatever was attempted since.',
    subject: 'receivers',
    severity: 'error',
    endedBy: 'busbar.backlog.normal',
    data: z.strictObject({ receiver: text, oldestSeconds: z.int().min(0) }),
    example: { receiver: 'shop', oldestSeconds: 912 },
  },
  'busbar.backlog.normal': {
    when: 'A backlog that was reported as high has had nothing for two minutes that waits for half as long.',
    subject: 'receivers',
    severity: 'info',
    data: z.strictObject({ receiver: text, highSeconds: z.int().min(0) }),
    example: { receiver: 'shop', highSeconds: 1380 },
  },
  'busbar.redrive.halted': {
    when: 'A redrive stops before its end, because its receiver fails or is not flowing.',
    subject: 'receivers',
    severity: 'warning',
    endedBy: 'busbar.redrive.done',
    data: z.strictObject({ receiver: text, redrive: text, reason: text }),
    example: { receiver: 'shop', redrive: 'rdr_01', reason: 'the breaker is open' },
  },
  'busbar.redrive.done': {
    when: 'A redrive has sent every dead letter that it was to send.',
    subject: 'receivers',
    severity: 'info',
    data: z.strictObject({ receiver: text, redrive: text, sent: z.int().min(0) }),
    example: { receiver: 'shop', redrive: 'rdr_01', sent: 12 },
  },
  'busbar.topic.held': {
    when: 'A topic is put on hold, by hand or by its rule.',
    subject: 'topics',
    severity: 'warning',
    endedBy: 'busbar.topic.released',
    data: z.strictObject({ topic: text, reason: text }),
    example: { topic: 'orders', reason: 'by hand by shop' },
  },
  'busbar.topic.released': {
    when: 'The hold of a topic is over and all that it held is sent.',
    subject: 'topics',
    severity: 'info',
    data: z.strictObject({ topic: text }),
    example: { topic: 'orders' },
  },
  'busbar.request.opened': {
    when: 'An application asks for something; it is about both who asks and who decides.',
    subject: 'requests',
    severity: 'info',
    data: z.strictObject({ request: text, kind: text, application: text, topic: text.optional() }),
    example: { request: 'req_01', kind: 'subscribe', application: 'shop', topic: 'orders' },
  },
  'busbar.request.approved': {
    when: 'A request is approved.',
    subject: 'requests',
    severity: 'info',
    data: z.strictObject({ request: text, kind: text, application: text, topic: text.optional() }),
    example: { request: 'req_01', kind: 'subscribe', application: 'shop', topic: 'orders' },
  },
  'busbar.request.rejected': {
    when: 'A request is rejected.',
    subject: 'requests',
    severity: 'info',
    data: z.strictObject({ request: text, kind: text, application: text, topic: text.optional() }),
    example: { request: 'req_01', kind: 'subscribe', application: 'shop', topic: 'orders' },
  },
  'busbar.key.expiring': {
    when: 'A key expires within seven days; once for each key.',
    subject: 'keys',
    severity: 'warning',
    data: z.strictObject({ application: text, keyId: text, name: text, expiresAt: time }),
    example: { application: 'shop', keyId: 'key_01', name: 'ci', expiresAt: '2026-12-08T09:30:00.000Z' },
  },
  'busbar.quota.reached': {
    when: 'Calls of an application are refused by one of its quotas; at most once a minute for each application.',
    subject: 'applications',
    severity: 'warning',
    data: z.strictObject({ application: text, ...counted, refused: counts }),
    example: { application: 'shop', count: 3, since, refused: { publishPerSecond: 3 } },
  },
  'busbar.transaction.given-up': {
    when: 'A transaction is rolled back, because nobody decided it in time.',
    subject: 'transactions',
    severity: 'error',
    data: z.strictObject({ application: text, transaction: text, reason: text }),
    example: { application: 'shop', transaction: 'txn_01', reason: 'no verdict after 15 checks' },
  },
  'busbar.event.refused': {
    when: 'Events that the bus had taken over cannot be published; at most once a minute for each application.',
    subject: 'applications',
    severity: 'error',
    data: z.strictObject({ application: text, ...counted, codes: counts }),
    example: { application: 'shop', count: 2, since, codes: { schema_mismatch: 2 } },
  },
  'busbar.bridge.failing': {
    when: 'A bridge cannot bring messages to the bus; at most once a minute for each bridge, to receivers of admins.',
    subject: 'bridges',
    severity: 'critical',
    data: z.strictObject({ bridge: text, ...counted, failures: counts }),
    example: { bridge: 'legacy', count: 1, since, failures: { unavailable: 1 } },
  },
} as const satisfies Readonly<
  Record<string, Omit<SystemEventType, 'endedBy'> & { readonly endedBy?: string }>
>;

export type SystemEventName = keyof typeof table;

/** The data of a type. */
export type SystemEventData<Name extends SystemEventName> = z.input<(typeof table)[Name]['data']>;

export const systemEventTypes: Readonly<Record<SystemEventName, SystemEventType>> = table;
export const systemEventNames = Object.keys(table) as readonly SystemEventName[];

const starts = new Map<SystemEventName, SystemEventName>(
  systemEventNames.flatMap((name) => {
    const { endedBy } = systemEventTypes[name];
    return endedBy === undefined ? [] : [[endedBy, name]];
  }),
);

/** The type that is ended by this one; undefined for one that ends nothing. */
export const startOf = (name: SystemEventName): SystemEventName | undefined => starts.get(name);

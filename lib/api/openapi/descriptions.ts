import { sinks } from '../../connectors/index.ts';
import type { JsonSchema } from './json-schema.ts';

const applicationTexts = {
  description: 'For people.',
  contacts: 'Whom to ask: addresses, channels or names.',
  parent: 'The application whose members manage this one, and within whose quotas it stays.',
  quotas: 'How much it may have and use; what is left out has its default.',
};

const topicTexts = {
  owner: 'The application that owns it; that of the key when left out.',
  description: 'For people.',
  access:
    'Who may publish (`owner` when left out) and subscribe (`request` when left out): `owner`, `request`, or `anyone`.',
  schema: 'A JSON Schema (draft 2020-12) of at most 128 KB that the data of each event must match.',
  dedupSeconds: 'For how long a second event of the same source and id is answered `duplicate`; 0: never.',
  cancellable: 'False saves the writes for delays up to 15 minutes, which cannot be cancelled then.',
  trace: 'What is recorded of its events: nothing, what fails, or everything.',
  holdWhen: 'The topic gives way by itself while its receivers lag behind.',
  ordered:
    'Events of one key (the subject, or the attribute in `by`) reach each receiver in order. Fixed when the topic is made.',
};

const receiverTexts = {
  ...Object.assign({}, ...sinks.all.map(({ fieldTexts }) => fieldTexts)),
  owner: 'The application that owns it; that of the key when left out.',
  format:
    'The form of the events that it gets: CloudEvents, or for an endpoint what `slack` (an incoming webhook) or `pagerduty` (the Events API v2) accepts; `structured` when left out, unless its kind has another default.',
  secret:
    'What deliveries are signed with (Standard Webhooks); made by the bus when left out, and shown once.',
  timeoutSeconds: 'How long an attempt may take; 15 for an endpoint when left out, at most 30.',
  retry: 'When a delivery that failed is tried again.',
  breaker: 'When the receiver is left alone because its endpoint fails.',
  limits: 'What the endpoint can take, over all deliveries together.',
  validate: 'Whether the endpoint must agree before anything is sent there.',
};

/** What the fields of requests are for: a test holds that each has its line, and that no line is left over. */
export const descriptions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ApplicationSpec: applicationTexts,
  ApplicationPatch: applicationTexts,
  KeySpec: {
    name: 'Where the key is used, for people.',
    role: '`admin`: everything; `member`: what its application owns; `viewer`: only reads that.',
    scopes: 'What the key may do of what its role allows; everything when left out.',
    expiresAt: 'From then on the key is refused; never when left out.',
  },
  SignInLinkSpec: {
    expiresAt: 'From then on the link is refused: at most 15 minutes ahead, five when left out.',
  },
  RedeemSpec: { ticket: 'What is behind `#ticket=` of the link.' },
  TopicSpec: topicTexts,
  TopicPatch: topicTexts,
  HoldRule: {
    backlogEvents: 'The topic is held when so many events wait for one of its receivers.',
    backlogSeconds: 'The topic is held when an event has been waiting for so long.',
    releaseBelow: 'Below all of these lines it is released; half of the lines above when left out.',
    perSecond: 'At which rate it is released; as fast as the bus takes when left out.',
  },
  SubscriptionSpec: { filter: 'Which events the receiver gets; all when left out.' },
  AlertTestSpec: {
    receiver:
      'The receiver to test; all that the application of the key owns and has subscribed when left out.',
  },
  HoldSpec: { reason: 'Why, for people.' },
  ReceiverSpec: receiverTexts,
  ReceiverPatch: receiverTexts,
  SkipSpec: { before: 'What entered the queues of the receiver before is dropped.' },
  RotateSecretSpec: {
    secret: 'Made by the bus when left out.',
    overlapSeconds: 'For how long the earlier secret signs too; a day when left out, 0: it ends at once.',
  },
  BreakerSpec: { state: '`auto` gives the breaker back to what the bus sees.' },
  RedriveSpec: {
    ids: 'The ids of dead letters; all when left out.',
    cause: 'Those of this cause alone.',
    perSecond: 'At most so many a second; as many as go when left out.',
  },
  DeliverAgainSpec: { receiver: 'Whose dead letter it is.' },
  ScheduleSpec: {
    topic: 'The topic to publish to; or give a receiver.',
    receiver: 'The one receiver to invoke.',
    owner: 'The application that owns it; that of the key when left out.',
    description: 'For people.',
    cron: 'Five fields, or `@daily` and the like.',
    everySeconds: 'The interval, counted from when the schedule was made.',
    timezone: 'Of the cron expression, by the IANA database; UTC when left out.',
    misfire: 'What becomes of times that were missed by more than a minute; `fire-once` when left out.',
    event: 'What each time makes an event of.',
  },
  TransactionSpec: {
    id: 'Chosen by the producer, so that a call that is made twice begins one transaction; made by the bus when left out.',
    events: 'All or none of them are taken, each with its target.',
    checkUrl: 'Where the bus asks what became of a transaction that nobody ended.',
    checkAfterSeconds: 'When it asks for the first time; or, without a checkUrl, rolls back.',
  },
  NoteSpec: { note: 'For the application that asked.' },
  MatchSpec: {
    filter: 'As of a subscription; all events when left out.',
    since: 'Only events accepted from then on.',
    until: 'Only events accepted before.',
  },
  ReTimeSpec: {
    delaySeconds: 'So long after now.',
    deliverAt: 'Then; at once when that is past. RFC 3339.',
  },
};

/** The schemas with what their fields are for. */
export function describeFields(schemas: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const texts = descriptions[name];
      if (texts === undefined) return [name, schema];
      const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>);
      return [
        name,
        {
          ...schema,
          properties: Object.fromEntries(
            properties.map(([field, of]) => [field, { description: texts[field], ...of }]),
          ),
        },
      ];
    }),
  );
}

// Made from the OpenAPI document by `npm run docs`. Change the entries of lib/api/ instead.

export type Name = string;

export type ApplicationSpec = {
  readonly description?: string;
  readonly contacts?: readonly string[];
  readonly parent?: Name;
  readonly quotas?: {
    readonly topics?: number;
    readonly receivers?: number;
    readonly schedules?: number;
    readonly keys?: number;
    readonly publishPerSecond?: number;
    readonly concurrency?: number;
    readonly delayedEvents?: number;
    readonly storedBytes?: number;
  };
};

export type ApplicationPatch = {
  readonly description?: string | null;
  readonly contacts?: readonly string[] | null;
  readonly parent?: Name | null;
  readonly quotas?: {
    readonly topics?: number | null;
    readonly receivers?: number | null;
    readonly schedules?: number | null;
    readonly keys?: number | null;
    readonly publishPerSecond?: number | null;
    readonly concurrency?: number | null;
    readonly delayedEvents?: number | null;
    readonly storedBytes?: number | null;
  } | null;
};

export type KeySpec = {
  readonly name: string;
  readonly role: 'admin' | 'member' | 'viewer';
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
};

export type SignInLinkSpec = { readonly expiresAt?: string };

export type RedeemSpec = { readonly ticket: string };

export type TopicSpec = {
  readonly owner?: Name;
  readonly description?: string;
  readonly access?: {
    readonly publish?: 'owner' | 'request' | 'anyone';
    readonly subscribe?: 'owner' | 'request' | 'anyone';
  };
  readonly schema?: { readonly [name: string]: unknown } | boolean;
  readonly dedupSeconds?: number;
  readonly cancellable?: boolean;
  readonly trace?: 'none' | 'failures' | 'all';
  readonly holdWhen?: HoldRule;
  readonly ordered?: boolean | { readonly by: string };
};

export type TopicPatch = {
  readonly owner?: unknown;
  readonly description?: unknown;
  readonly access?: unknown;
  readonly schema?: unknown;
  readonly dedupSeconds?: unknown;
  readonly cancellable?: unknown;
  readonly trace?: unknown;
  readonly holdWhen?: unknown;
  readonly ordered?: unknown;
};

export type HoldRule = unknown | unknown;

export type SubscriptionSpec = { readonly filter?: Filter };

export type HoldSpec = { readonly reason?: string };

export type ReceiverSpec = unknown | unknown;

export type ReceiverPatch = {
  readonly endpoint?: unknown;
  readonly headers?: unknown;
  readonly publicHeaders?: unknown;
  readonly oauth2?: unknown;
  readonly routingKey?: unknown;
  readonly rocketmq?: unknown;
  readonly owner?: unknown;
  readonly format?: unknown;
  readonly secret?: unknown;
  readonly timeoutSeconds?: unknown;
  readonly retry?: unknown;
  readonly breaker?: unknown;
  readonly limits?: unknown;
  readonly validate?: unknown;
};

export type SkipSpec = { readonly before: string };

export type RotateSecretSpec = { readonly secret?: string; readonly overlapSeconds?: number };

export type BreakerSpec = { readonly state: 'open' | 'closed' | 'auto' };

export type RedriveSpec = {
  readonly ids?: readonly string[];
  readonly cause?: string;
  readonly perSecond?: number;
};

export type DeliverAgainSpec = { readonly receiver: Name };

export type ScheduleSpec = (unknown | unknown) & (unknown | unknown);

export type TransactionSpec = {
  readonly id?: string;
  readonly events: readonly (
    | {
        readonly type: string;
        readonly data?: unknown;
        readonly id?: string;
        readonly source?: string;
        readonly subject?: string;
        readonly time?: string;
        readonly delaySeconds?: number;
        readonly deliverAt?: string;
        readonly topic?: Name;
        readonly receiver?: Name;
      }
    | {
        readonly specversion: '1.0';
        readonly id: string;
        readonly source: string;
        readonly type: string;
        readonly subject?: string | null;
        readonly time?: string | null;
        readonly datacontenttype?: string | null;
        readonly dataschema?: string | null;
        readonly data?: unknown;
        readonly data_base64?: string | null;
        readonly topic?: Name;
        readonly receiver?: Name;
      }
  )[];
  readonly checkUrl?: string;
  readonly checkAfterSeconds?: number;
};

export type ReTimeSpec = unknown | unknown;

export type RequestSpec =
  | {
      readonly kind: 'subscribe';
      readonly topic: Name;
      readonly receiver: Name;
      readonly filter?: Filter;
      readonly reason?: string;
    }
  | { readonly kind: 'publish'; readonly topic: Name; readonly reason?: string }
  | {
      readonly kind: 'topic';
      readonly topic: Name;
      readonly spec?: {
        readonly description?: string;
        readonly access?: {
          readonly publish?: 'owner' | 'request' | 'anyone';
          readonly subscribe?: 'owner' | 'request' | 'anyone';
        };
        readonly schema?: { readonly [name: string]: unknown } | boolean;
        readonly dedupSeconds?: number;
        readonly cancellable?: boolean;
        readonly trace?: 'none' | 'failures' | 'all';
        readonly holdWhen?: HoldRule;
        readonly ordered?: boolean | { readonly by: string };
      };
      readonly reason?: string;
    }
  | {
      readonly kind: 'quotas';
      readonly quotas: {
        readonly topics?: number;
        readonly receivers?: number;
        readonly schedules?: number;
        readonly keys?: number;
        readonly publishPerSecond?: number;
        readonly concurrency?: number;
        readonly delayedEvents?: number;
        readonly storedBytes?: number;
      };
      readonly reason?: string;
    };

export type NoteSpec = { readonly note?: string };

export type MatchSpec = { readonly filter?: Filter; readonly since?: string; readonly until?: string };

export type AlertTestSpec = { readonly receiver?: Name };

export type Filter = { readonly $or?: readonly Filter[]; readonly data?: FilterOfData | FilterValues };

export type FilterOfData = { readonly $or?: readonly FilterOfData[] };

export type FilterValues = readonly (
  | (string | number | boolean | null)
  | { readonly [name: string]: unknown }
)[];

export type CloudEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string | null;
  readonly time?: string | null;
  readonly datacontenttype?: string | null;
  readonly dataschema?: string | null;
  readonly data?: unknown;
  readonly data_base64?: string | null;
};

export type CloudEvents = readonly CloudEvent[];

export type EventShorthand = {
  readonly type: string;
  readonly data?: unknown;
  readonly id?: string;
  readonly source?: string;
  readonly subject?: string;
  readonly time?: string;
  readonly delaySeconds?: number;
  readonly deliverAt?: string;
};

export type EventShorthands = readonly EventShorthand[];

export type Audit = {
  readonly entries: readonly {
    readonly at: string;
    readonly by: {
      readonly application: string;
      readonly keyId: string;
      readonly role: 'admin' | 'member' | 'viewer' | 'none';
    };
    readonly call: string;
    readonly target: string;
    readonly status: number;
    readonly requestId: string;
    readonly change?: { readonly [name: string]: unknown };
    readonly count?: number;
  }[];
  readonly cursor?: string;
};

export type Me = {
  readonly application: Name;
  readonly role: 'admin' | 'member' | 'viewer';
  readonly keyId: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
  readonly applications?: readonly {
    readonly application: Name;
    readonly role: 'admin' | 'member' | 'viewer';
  }[];
};

export type Application = {
  readonly application: Name;
  readonly description?: string;
  readonly contacts?: readonly string[];
  readonly parent?: Name;
  readonly quotas?: {
    readonly topics?: number;
    readonly receivers?: number;
    readonly schedules?: number;
    readonly keys?: number;
    readonly publishPerSecond?: number;
    readonly concurrency?: number;
    readonly delayedEvents?: number;
    readonly storedBytes?: number;
  };
  readonly children?: readonly Name[];
  readonly declared?: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
};

export type ApplicationAndUsage = {
  readonly application: Name;
  readonly description?: string;
  readonly contacts?: readonly string[];
  readonly parent?: Name;
  readonly quotas?: {
    readonly topics?: number;
    readonly receivers?: number;
    readonly schedules?: number;
    readonly keys?: number;
    readonly publishPerSecond?: number;
    readonly concurrency?: number;
    readonly delayedEvents?: number;
    readonly storedBytes?: number;
  };
  readonly children?: readonly Name[];
  readonly declared?: boolean;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly usage: {
    readonly topics: number;
    readonly receivers: number;
    readonly schedules: number;
    readonly keys: number;
    readonly concurrency: number;
    readonly delayedEvents: number;
    readonly storedBytes: number;
  };
};

export type Applications = { readonly applications: readonly Application[]; readonly cursor?: string };

export type Keys = {
  readonly keys: readonly {
    readonly application: Name;
    readonly role: 'admin' | 'member' | 'viewer';
    readonly keyId: string;
    readonly scopes?: readonly string[];
    readonly expiresAt?: string;
    readonly name: string;
    readonly createdAt: string;
    readonly lastUsedOn?: string;
    readonly session?: true;
  }[];
  readonly cursor?: string;
};

export type NewKey = {
  readonly application: Name;
  readonly role: 'admin' | 'member' | 'viewer';
  readonly keyId: string;
  readonly scopes?: readonly string[];
  readonly expiresAt?: string;
  readonly name: string;
  readonly createdAt: string;
  readonly lastUsedOn?: string;
  readonly session?: true;
  readonly key: string;
};

export type SignInLink = { readonly ticket: string; readonly expiresAt: string };

export type Session = {
  readonly application: Name;
  readonly role: 'admin' | 'member' | 'viewer';
  readonly keyId: string;
  readonly scopes?: readonly string[];
  readonly expiresAt: string;
  readonly key: string;
};

export type Health = { readonly status: 'ok' };

export type SignIn = {
  readonly oidc?: { readonly issuer: string; readonly clientId?: string; readonly scope?: string };
};

export type OpenApi = { readonly openapi: string; readonly paths: { readonly [name: string]: unknown } };

export type Topic = {
  readonly topic: Name;
  readonly description?: string;
  readonly access?: {
    readonly publish?: 'owner' | 'request' | 'anyone';
    readonly subscribe?: 'owner' | 'request' | 'anyone';
  };
  readonly schema?: { readonly [name: string]: unknown } | boolean;
  readonly dedupSeconds?: number;
  readonly cancellable?: boolean;
  readonly trace?: 'none' | 'failures' | 'all';
  readonly holdWhen?: {
    readonly backlogEvents?: number;
    readonly backlogSeconds?: number;
    readonly releaseBelow?: { readonly backlogEvents?: number; readonly backlogSeconds?: number };
    readonly perSecond?: number;
  };
  readonly ordered?: boolean | { readonly by: string };
  readonly owner: Name;
  readonly incarnation?: string;
  readonly handedOverAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly schemaVersion?: number;
  readonly hold?: Hold;
  readonly endedSubscriptions?: readonly { readonly topic: Name; readonly receiver: Name }[];
};

export type Topics = {
  readonly topics: readonly {
    readonly topic: Name;
    readonly description?: string;
    readonly access?: {
      readonly publish?: 'owner' | 'request' | 'anyone';
      readonly subscribe?: 'owner' | 'request' | 'anyone';
    };
    readonly dedupSeconds?: number;
    readonly cancellable?: boolean;
    readonly trace?: 'none' | 'failures' | 'all';
    readonly holdWhen?: {
      readonly backlogEvents?: number;
      readonly backlogSeconds?: number;
      readonly releaseBelow?: { readonly backlogEvents?: number; readonly backlogSeconds?: number };
      readonly perSecond?: number;
    };
    readonly ordered?: boolean | { readonly by: string };
    readonly owner: Name;
    readonly incarnation?: string;
    readonly handedOverAt?: string;
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly declared: boolean;
    readonly schemaVersion?: number;
    readonly hold?: {
      readonly state: 'holding' | 'releasing' | 'released';
      readonly since: string;
      readonly by: 'hand' | 'rule';
    };
    readonly schemaHash?: string;
  }[];
  readonly cursor?: string;
};

export type Subscription = {
  readonly topic: Name;
  readonly receiver: Name;
  readonly filter?: Filter;
  readonly filterChangedAt?: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly by?: { readonly application: string; readonly role: 'admin' | 'member' | 'viewer' };
};

export type PutSubscription = {
  readonly topic: Name;
  readonly receiver: Name;
  readonly filter?: Filter;
  readonly filterChangedAt?: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly by?: { readonly application: string; readonly role: 'admin' | 'member' | 'viewer' };
  readonly effectiveWithinSeconds: number;
};

export type Subscriptions = { readonly subscriptions: readonly Subscription[]; readonly cursor?: string };

export type DryRun = {
  readonly events: number;
  readonly matched: number;
  readonly samples: readonly { readonly [name: string]: unknown }[];
};

export type Request = {
  readonly id: string;
  readonly kind: 'subscribe' | 'publish' | 'topic' | 'quotas';
  readonly application: Name;
  readonly state: 'open' | 'approved' | 'rejected' | 'withdrawn';
  readonly createdAt: string;
  readonly topic?: Name;
  readonly receiver?: Name;
  readonly filter?: Filter;
  readonly spec?: {
    readonly description?: string;
    readonly access?: {
      readonly publish?: 'owner' | 'request' | 'anyone';
      readonly subscribe?: 'owner' | 'request' | 'anyone';
    };
    readonly schema?: { readonly [name: string]: unknown } | boolean;
    readonly dedupSeconds?: number;
    readonly cancellable?: boolean;
    readonly trace?: 'none' | 'failures' | 'all';
    readonly holdWhen?: {
      readonly backlogEvents?: number;
      readonly backlogSeconds?: number;
      readonly releaseBelow?: { readonly backlogEvents?: number; readonly backlogSeconds?: number };
      readonly perSecond?: number;
    };
    readonly ordered?: boolean | { readonly by: string };
  };
  readonly quotas?: {
    readonly topics?: number;
    readonly receivers?: number;
    readonly schedules?: number;
    readonly keys?: number;
    readonly publishPerSecond?: number;
    readonly concurrency?: number;
    readonly delayedEvents?: number;
    readonly storedBytes?: number;
  };
  readonly reason?: string;
  readonly decidedAt?: string;
  readonly decidedBy?: { readonly application: Name; readonly keyId?: string };
  readonly note?: string;
  readonly dryRun?: DryRun;
};

export type Requests = {
  readonly requests: readonly {
    readonly id: string;
    readonly kind: 'subscribe' | 'publish' | 'topic' | 'quotas';
    readonly application: Name;
    readonly state: 'open' | 'approved' | 'rejected' | 'withdrawn';
    readonly createdAt: string;
    readonly topic?: Name;
    readonly receiver?: Name;
    readonly filter?: Filter;
    readonly quotas?: {
      readonly topics?: number;
      readonly receivers?: number;
      readonly schedules?: number;
      readonly keys?: number;
      readonly publishPerSecond?: number;
      readonly concurrency?: number;
      readonly delayedEvents?: number;
      readonly storedBytes?: number;
    };
    readonly reason?: string;
    readonly decidedAt?: string;
    readonly decidedBy?: { readonly application: Name; readonly keyId?: string };
    readonly note?: string;
  }[];
  readonly cursor?: string;
};

export type Grants = {
  readonly grants: readonly {
    readonly application: Name;
    readonly publish?: { readonly request: string; readonly at: string };
    readonly subscribe?: { readonly [name: string]: { readonly request: string; readonly at: string } };
  }[];
  readonly cursor?: string;
};

export type Catalog = {
  readonly topics: readonly {
    readonly topic: Name;
    readonly owner: Name;
    readonly description?: string;
    readonly schemaVersion?: number;
    readonly access: {
      readonly publish: 'owner' | 'request' | 'anyone';
      readonly subscribe: 'owner' | 'request' | 'anyone';
    };
    readonly types: readonly string[];
  }[];
  readonly cursor?: string;
};

export type CatalogTopic = {
  readonly topic: Name;
  readonly owner: Name;
  readonly description?: string;
  readonly schemaVersion?: number;
  readonly access: {
    readonly publish: 'owner' | 'request' | 'anyone';
    readonly subscribe: 'owner' | 'request' | 'anyone';
  };
  readonly types: readonly string[];
  readonly schema?: { readonly [name: string]: unknown } | boolean;
  readonly versions: readonly { readonly version: number; readonly since: string }[];
  readonly example?: { readonly type: string; readonly data: unknown };
};

export type Hold = {
  readonly topic: Name;
  readonly state: 'holding' | 'releasing' | 'released';
  readonly by: 'hand' | 'rule';
  readonly application?: string;
  readonly reason?: string;
  readonly since: string;
  readonly held: number;
  readonly released: number;
  readonly sentByHand?: number;
  readonly dropped?: number;
  readonly releasedBy?: 'hand' | 'rule';
  readonly releaseStartedAt?: string;
  readonly perSecond?: number;
  readonly releasedAt?: string;
  readonly trouble?: string;
};

export type HeldEvent = {
  readonly id: string;
  readonly eventId: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly heldAt: string;
};

export type HeldEvents = { readonly events: readonly HeldEvent[]; readonly cursor?: string };

export type HeldEventWhole = {
  readonly id: string;
  readonly eventId: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly heldAt: string;
  readonly event: unknown;
};

export type Receiver = {
  readonly receiver: Name;
  readonly format?: 'structured' | 'binary' | 'slack' | 'pagerduty';
  readonly timeoutSeconds?: number;
  readonly retry?: {
    readonly delaysSeconds: readonly number[];
    readonly types?: { readonly [name: string]: { readonly delaysSeconds: readonly number[] } };
    readonly businessFailures?: 'retry' | 'dead-letter';
  };
  readonly breaker?: {
    readonly probe?: 'delivery' | 'head';
    readonly failureRate?: number;
    readonly windowSeconds?: number;
    readonly minimumAttempts?: number;
  };
  readonly limits?: { readonly concurrency?: number; readonly perSecond?: number; readonly perType?: number };
  readonly headers?: { readonly [name: string]: string };
  readonly publicHeaders?: readonly string[];
  readonly oauth2?: {
    readonly tokenUrl: string;
    readonly clientId: string;
    readonly scope?: string;
    readonly audience?: string;
    readonly clientAuthentication?: 'basic' | 'body';
  };
  readonly rocketmq?: {
    readonly endpoint: string;
    readonly topic: string;
    readonly tag?: string;
    readonly keys?: readonly string[];
    readonly group?: false | string;
    readonly deliverAt?: string;
    readonly tls?: boolean;
    readonly credentials?: { readonly accessKey: string };
  };
  readonly endpoint: string;
  readonly validate?: 'none' | 'handshake';
  readonly owner: Name;
  readonly incarnation?: string;
  readonly handedOverAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly state: 'active' | 'disabled' | 'paused';
  readonly stateReason?: string;
  readonly pausedAt?: string;
  readonly skip?: { readonly before: string; readonly at: string; readonly dropped?: number };
  readonly drops?: readonly {
    readonly topic: Name;
    readonly at: string;
    readonly before?: string;
    readonly dropped?: number;
  }[];
  readonly validation?: {
    readonly state: 'pending' | 'granted' | 'refused';
    readonly at: string;
    readonly detail?: string;
    readonly allowedRatePerMinute?: number;
    readonly asks?: number;
    readonly nextAskAt?: string;
  };
  readonly endedSubscriptions?: readonly { readonly topic: Name; readonly receiver: Name }[];
  readonly earlierSecrets?: readonly { readonly until: string }[];
};

export type Receivers = { readonly receivers: readonly Receiver[]; readonly cursor?: string };

export type ReceiverAndSecret = {
  readonly receiver: Name;
  readonly format?: 'structured' | 'binary' | 'slack' | 'pagerduty';
  readonly timeoutSeconds?: number;
  readonly retry?: {
    readonly delaysSeconds: readonly number[];
    readonly types?: { readonly [name: string]: { readonly delaysSeconds: readonly number[] } };
    readonly businessFailures?: 'retry' | 'dead-letter';
  };
  readonly breaker?: {
    readonly probe?: 'delivery' | 'head';
    readonly failureRate?: number;
    readonly windowSeconds?: number;
    readonly minimumAttempts?: number;
  };
  readonly limits?: { readonly concurrency?: number; readonly perSecond?: number; readonly perType?: number };
  readonly headers?: { readonly [name: string]: string };
  readonly publicHeaders?: readonly string[];
  readonly oauth2?: {
    readonly tokenUrl: string;
    readonly clientId: string;
    readonly scope?: string;
    readonly audience?: string;
    readonly clientAuthentication?: 'basic' | 'body';
  };
  readonly rocketmq?: {
    readonly endpoint: string;
    readonly topic: string;
    readonly tag?: string;
    readonly keys?: readonly string[];
    readonly group?: false | string;
    readonly deliverAt?: string;
    readonly tls?: boolean;
    readonly credentials?: { readonly accessKey: string };
  };
  readonly endpoint: string;
  readonly validate?: 'none' | 'handshake';
  readonly owner: Name;
  readonly incarnation?: string;
  readonly handedOverAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly state: 'active' | 'disabled' | 'paused';
  readonly stateReason?: string;
  readonly pausedAt?: string;
  readonly skip?: { readonly before: string; readonly at: string; readonly dropped?: number };
  readonly drops?: readonly {
    readonly topic: Name;
    readonly at: string;
    readonly before?: string;
    readonly dropped?: number;
  }[];
  readonly validation?: {
    readonly state: 'pending' | 'granted' | 'refused';
    readonly at: string;
    readonly detail?: string;
    readonly allowedRatePerMinute?: number;
    readonly asks?: number;
    readonly nextAskAt?: string;
  };
  readonly endedSubscriptions?: readonly { readonly topic: Name; readonly receiver: Name }[];
  readonly earlierSecrets?: readonly { readonly until: string }[];
  readonly secret?: string;
};

export type ReceiverWhole = {
  readonly receiver: Name;
  readonly format?: 'structured' | 'binary' | 'slack' | 'pagerduty';
  readonly timeoutSeconds?: number;
  readonly retry?: {
    readonly delaysSeconds: readonly number[];
    readonly types?: { readonly [name: string]: { readonly delaysSeconds: readonly number[] } };
    readonly businessFailures?: 'retry' | 'dead-letter';
  };
  readonly breaker: {
    readonly probe?: 'delivery' | 'head';
    readonly failureRate?: number;
    readonly windowSeconds?: number;
    readonly minimumAttempts?: number;
    readonly state: 'closed' | 'open' | 'half-open';
    readonly forced: boolean;
    readonly since?: string;
    readonly reason?: string;
    readonly nextProbeAt?: string;
    readonly restsUntil?: string;
  };
  readonly limits?: { readonly concurrency?: number; readonly perSecond?: number; readonly perType?: number };
  readonly headers?: { readonly [name: string]: string };
  readonly publicHeaders?: readonly string[];
  readonly oauth2?: {
    readonly tokenUrl: string;
    readonly clientId: string;
    readonly scope?: string;
    readonly audience?: string;
    readonly clientAuthentication?: 'basic' | 'body';
  };
  readonly rocketmq?: {
    readonly endpoint: string;
    readonly topic: string;
    readonly tag?: string;
    readonly keys?: readonly string[];
    readonly group?: false | string;
    readonly deliverAt?: string;
    readonly tls?: boolean;
    readonly credentials?: { readonly accessKey: string };
  };
  readonly endpoint: string;
  readonly validate?: 'none' | 'handshake';
  readonly owner: Name;
  readonly incarnation?: string;
  readonly handedOverAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  readonly state: 'active' | 'disabled' | 'paused';
  readonly stateReason?: string;
  readonly pausedAt?: string;
  readonly skip?: { readonly before: string; readonly at: string; readonly dropped?: number };
  readonly drops?: readonly {
    readonly topic: Name;
    readonly at: string;
    readonly before?: string;
    readonly dropped?: number;
  }[];
  readonly validation?: {
    readonly state: 'pending' | 'granted' | 'refused';
    readonly at: string;
    readonly detail?: string;
    readonly allowedRatePerMinute?: number;
    readonly asks?: number;
    readonly nextAskAt?: string;
  };
  readonly endedSubscriptions?: readonly { readonly topic: Name; readonly receiver: Name }[];
  readonly earlierSecrets?: readonly { readonly until: string }[];
  readonly redrive?: Redrive;
  readonly offload?: {
    readonly hotTypes: readonly { readonly type: string; readonly since: string }[];
    readonly concurrency: number;
  };
};

export type Breaker = {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly forced: boolean;
  readonly since?: string;
  readonly reason?: string;
  readonly nextProbeAt?: string;
  readonly restsUntil?: string;
};

export type AlertTest = {
  readonly receivers: readonly { readonly receiver: Name; readonly events: number }[];
};

export type Agreement = { readonly receiver: Name; readonly state: 'granted' };

export type Schedule = {
  readonly schedule: Name;
  readonly topic?: Name;
  readonly receiver?: Name;
  readonly description?: string;
  readonly cron?: string;
  readonly everySeconds?: number;
  readonly timezone?: string;
  readonly misfire?: 'fire-once' | 'skip' | 'all';
  readonly event: {
    readonly type: string;
    readonly source?: string;
    readonly subject?: string;
    readonly data?: unknown;
  };
  readonly owner: Name;
  readonly state: 'active' | 'paused';
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly next: readonly string[];
  readonly lastFiredAt?: string;
  readonly problem?: string;
};

export type Schedules = {
  readonly schedules: readonly {
    readonly schedule: Name;
    readonly topic?: Name;
    readonly receiver?: Name;
    readonly description?: string;
    readonly cron?: string;
    readonly everySeconds?: number;
    readonly timezone?: string;
    readonly misfire?: 'fire-once' | 'skip' | 'all';
    readonly owner: Name;
    readonly state: 'active' | 'paused';
    readonly createdAt: string;
    readonly updatedAt: string;
    readonly next: readonly string[];
    readonly lastFiredAt?: string;
    readonly problem?: string;
  }[];
  readonly cursor?: string;
};

export type FieldError = { readonly path: string; readonly detail: string };

export type PublishedEvent = {
  readonly index: number;
  readonly id?: string;
  readonly status: 'accepted' | 'duplicate' | 'scheduled' | 'held' | 'rejected';
  readonly code?:
    | 'malformed_json'
    | 'malformed_body'
    | 'invalid_request'
    | 'invalid_event'
    | 'invalid_filter'
    | 'invalid_schema'
    | 'schema_mismatch'
    | 'empty_batch'
    | 'batch_too_long'
    | 'id_conflict'
    | 'all_rejected'
    | 'unauthorized'
    | 'forbidden'
    | 'source_reserved'
    | 'unknown_route'
    | 'unknown_application'
    | 'unknown_key'
    | 'unknown_topic'
    | 'unknown_receiver'
    | 'unknown_event'
    | 'unknown_schedule'
    | 'unknown_subscription'
    | 'unknown_dead_letter'
    | 'unknown_redrive'
    | 'unknown_hold'
    | 'unknown_held_event'
    | 'unknown_refused'
    | 'unknown_transaction'
    | 'unknown_validation'
    | 'unknown_request'
    | 'unknown_schema_version'
    | 'unknown_grant'
    | 'event_not_kept'
    | 'method_not_allowed'
    | 'ambiguous_event'
    | 'event_left'
    | 'event_cancelled'
    | 'schema_breaks'
    | 'order_fixed'
    | 'in_use'
    | 'not_active'
    | 'releasing'
    | 'redrive_running'
    | 'transaction_decided'
    | 'transaction_exists'
    | 'target_replaced'
    | 'dropped'
    | 'declared'
    | 'request_decided'
    | 'topic_exists'
    | 'aws_limit'
    | 'conflict'
    | 'claimed'
    | 'request_too_large'
    | 'event_too_large'
    | 'unsupported_media_type'
    | 'too_many_wrong_keys'
    | 'quota_exceeded'
    | 'unsupported_encoding'
    | 'internal'
    | 'unavailable';
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
};

export type Published = { readonly events: readonly PublishedEvent[] };

export type Why = {
  readonly id: string;
  readonly events: readonly ExplainedEvent[];
  readonly searched: { readonly since: string; readonly complete: boolean };
  readonly notRecorded?: string;
};

export type WaitingEvents = {
  readonly events: readonly {
    readonly state: 'delayed' | 'held' | 'open';
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly topic?: string;
    readonly receiver?: string;
    readonly application?: string;
    readonly deliverAt?: string;
    readonly heldAt?: string;
    readonly heldId?: string;
    readonly transaction?: string;
  }[];
  readonly cursor?: string;
};

export type Deliveries = {
  readonly deliveries: readonly {
    readonly at: string;
    readonly receiver: Name;
    readonly topic?: string;
    readonly id: string;
    readonly source: string;
    readonly type: string;
    readonly deliveryId: string;
    readonly attempt: number;
    readonly state: 'delivered' | 'failed' | 'dead-lettered';
    readonly lane?: string;
    readonly status?: number;
    readonly error?: string;
    readonly latencyMs?: number;
    readonly nextAttemptAt?: string;
  }[];
  readonly notRecorded?: string;
  readonly cursor?: string;
};

export type WhyOrWaiting = Why | WaitingEvents;

export type ExplainedEvent = {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly topic?: string;
  readonly invoked?: string;
  readonly publishedAt?: string;
  readonly publishes?: number;
  readonly dueAt?: string;
  readonly state?: 'scheduled' | 'cancelled' | 'held';
  readonly heldAt?: string;
  readonly refused?: {
    readonly id: string;
    readonly at: string;
    readonly code:
      | 'malformed_json'
      | 'malformed_body'
      | 'invalid_request'
      | 'invalid_event'
      | 'invalid_filter'
      | 'invalid_schema'
      | 'schema_mismatch'
      | 'empty_batch'
      | 'batch_too_long'
      | 'id_conflict'
      | 'all_rejected'
      | 'unauthorized'
      | 'forbidden'
      | 'source_reserved'
      | 'unknown_route'
      | 'unknown_application'
      | 'unknown_key'
      | 'unknown_topic'
      | 'unknown_receiver'
      | 'unknown_event'
      | 'unknown_schedule'
      | 'unknown_subscription'
      | 'unknown_dead_letter'
      | 'unknown_redrive'
      | 'unknown_hold'
      | 'unknown_held_event'
      | 'unknown_refused'
      | 'unknown_transaction'
      | 'unknown_validation'
      | 'unknown_request'
      | 'unknown_schema_version'
      | 'unknown_grant'
      | 'event_not_kept'
      | 'method_not_allowed'
      | 'ambiguous_event'
      | 'event_left'
      | 'event_cancelled'
      | 'schema_breaks'
      | 'order_fixed'
      | 'in_use'
      | 'not_active'
      | 'releasing'
      | 'redrive_running'
      | 'transaction_decided'
      | 'transaction_exists'
      | 'target_replaced'
      | 'dropped'
      | 'declared'
      | 'request_decided'
      | 'topic_exists'
      | 'aws_limit'
      | 'conflict'
      | 'claimed'
      | 'request_too_large'
      | 'event_too_large'
      | 'unsupported_media_type'
      | 'too_many_wrong_keys'
      | 'quota_exceeded'
      | 'unsupported_encoding'
      | 'internal'
      | 'unavailable';
    readonly detail: string;
  };
  readonly former?: true;
  readonly trace: 'none' | 'failures' | 'all';
  readonly receivers: readonly {
    readonly receiver: Name;
    readonly deliveryId: string;
    readonly matched: boolean | 'unknown';
    readonly refusedBy?: readonly {
      readonly key: string;
      readonly condition: readonly unknown[];
      readonly because: 'absent' | 'different' | 'apart';
    }[];
    readonly lane?: string;
    readonly state?: string;
    readonly attempts: readonly {
      readonly attempt: number;
      readonly at: string;
      readonly lane: string;
      readonly status?: number;
      readonly latencyMs: number;
      readonly error?: string;
      readonly detail?: string;
      readonly request?: {
        readonly headers: { readonly [name: string]: string | null };
        readonly settingsChangedAt?: string;
      };
    }[];
    readonly attemptCount?: number;
    readonly nextAttemptAt?: string;
    readonly waitsFor?: 'time' | 'resume' | 'endpoint' | 'agreement' | 'breaker' | 'rest' | 'release';
    readonly deadLettered?: readonly {
      readonly at: string;
      readonly cause: string;
      readonly attempts: number;
    }[];
    readonly note?: string;
  }[];
  readonly hiddenReceivers?: number;
};

export type DelayedEvent = {
  readonly id: string;
  readonly source: string;
  readonly topic?: Name;
  readonly receiver?: Name;
  readonly state: 'scheduled';
  readonly deliverAt: string;
};

export type DeadLetter = {
  readonly id: string;
  readonly receiver: Name;
  readonly eventId?: string;
  readonly eventSource?: string;
  readonly eventType?: string;
  readonly topic?: string;
  readonly cause: string;
  readonly detail: string;
  readonly status?: number;
  readonly attempts: number;
  readonly firstAttemptAt?: string;
  readonly lastAttemptAt?: string;
  readonly diedAt: string;
};

export type DeadLetters = {
  readonly receiver: Name;
  readonly waiting: number;
  readonly clusters?: readonly {
    readonly cause: string;
    readonly count: number;
    readonly firstAt: string;
    readonly lastAt: string;
    readonly example: DeadLetter;
  }[];
  readonly clustersPartial?: true;
  readonly deadLetters: readonly DeadLetter[];
  readonly cursor?: string;
};

export type DeadLetterWhole = {
  readonly id: string;
  readonly receiver: Name;
  readonly eventId?: string;
  readonly eventSource?: string;
  readonly eventType?: string;
  readonly topic?: string;
  readonly cause: string;
  readonly detail: string;
  readonly status?: number;
  readonly attempts: number;
  readonly firstAttemptAt?: string;
  readonly lastAttemptAt?: string;
  readonly diedAt: string;
  readonly body: string;
};

export type Redrive = {
  readonly id: string;
  readonly receiver: Name;
  readonly ids?: readonly string[];
  readonly cause?: string;
  readonly perSecond?: number;
  readonly state: 'collecting' | 'canary' | 'sending' | 'done' | 'halted' | 'stopped';
  readonly reason?: string;
  readonly startedBy: string;
  readonly startedAt: string;
  readonly updatedAt: string;
  readonly total: number;
  readonly sent: number;
  readonly settledBefore: number;
  readonly missing: number;
  readonly canary?: { readonly id: string; readonly sentAt: string };
};

export type DeliveredAgain = {
  readonly deliveries: readonly {
    readonly deliveryId: string;
    readonly receiver: Name;
    readonly source?: string;
  }[];
  readonly redrive: Redrive;
};

export type Transaction = {
  readonly id: string;
  readonly application: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly {
    readonly topic?: Name;
    readonly receiver?: Name;
    readonly id: string;
    readonly source: string;
    readonly type: string;
  }[];
  readonly checkUrl?: string;
  readonly checkAfterSeconds: number;
  readonly createdAt: string;
  readonly checks: number;
  readonly lastCheck?: { readonly at: string; readonly outcome: string };
  readonly decidedAt?: string;
  readonly decidedBy?: 'producer' | 'check' | 'bus';
  readonly reason?: string;
  readonly nextCheckAt?: string;
  readonly rollsBackAt?: string;
  readonly publishedAt?: string;
  readonly refused?: number;
};

export type TransactionBegun = {
  readonly id: string;
  readonly application: string;
  readonly state: 'half' | 'committed' | 'rolled-back';
  readonly events: readonly {
    readonly topic?: Name;
    readonly receiver?: Name;
    readonly id: string;
    readonly source: string;
    readonly type: string;
  }[];
  readonly checkUrl?: string;
  readonly checkAfterSeconds: number;
  readonly createdAt: string;
  readonly checks: number;
  readonly lastCheck?: { readonly at: string; readonly outcome: string };
  readonly decidedAt?: string;
  readonly decidedBy?: 'producer' | 'check' | 'bus';
  readonly reason?: string;
  readonly nextCheckAt?: string;
  readonly rollsBackAt?: string;
  readonly publishedAt?: string;
  readonly refused?: number;
  readonly checkSecret?: string;
};

export type CheckSecret = {
  readonly application: string;
  readonly checkSecret: string;
  readonly earlierUntil?: string;
};

export type RefusedEvent = {
  readonly id: string;
  readonly application: string;
  readonly from: 'outbox' | 'transaction' | 'bridge' | 'delayed' | 'schedule' | 'held' | 'delivery';
  readonly bridge?: string;
  readonly message?: { readonly topic: string; readonly id: string };
  readonly transaction?: string;
  readonly schedule?: string;
  readonly topic?: string;
  readonly receiver?: string;
  readonly key?: string;
  readonly eventId?: string;
  readonly code:
    | 'malformed_json'
    | 'malformed_body'
    | 'invalid_request'
    | 'invalid_event'
    | 'invalid_filter'
    | 'invalid_schema'
    | 'schema_mismatch'
    | 'empty_batch'
    | 'batch_too_long'
    | 'id_conflict'
    | 'all_rejected'
    | 'unauthorized'
    | 'forbidden'
    | 'source_reserved'
    | 'unknown_route'
    | 'unknown_application'
    | 'unknown_key'
    | 'unknown_topic'
    | 'unknown_receiver'
    | 'unknown_event'
    | 'unknown_schedule'
    | 'unknown_subscription'
    | 'unknown_dead_letter'
    | 'unknown_redrive'
    | 'unknown_hold'
    | 'unknown_held_event'
    | 'unknown_refused'
    | 'unknown_transaction'
    | 'unknown_validation'
    | 'unknown_request'
    | 'unknown_schema_version'
    | 'unknown_grant'
    | 'event_not_kept'
    | 'method_not_allowed'
    | 'ambiguous_event'
    | 'event_left'
    | 'event_cancelled'
    | 'schema_breaks'
    | 'order_fixed'
    | 'in_use'
    | 'not_active'
    | 'releasing'
    | 'redrive_running'
    | 'transaction_decided'
    | 'transaction_exists'
    | 'target_replaced'
    | 'dropped'
    | 'declared'
    | 'request_decided'
    | 'topic_exists'
    | 'aws_limit'
    | 'conflict'
    | 'claimed'
    | 'request_too_large'
    | 'event_too_large'
    | 'unsupported_media_type'
    | 'too_many_wrong_keys'
    | 'quota_exceeded'
    | 'unsupported_encoding'
    | 'internal'
    | 'unavailable';
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly refusedAt: string;
  readonly times: number;
  readonly retryable?: false;
};

export type RefusedEvents = { readonly refused: readonly RefusedEvent[]; readonly cursor?: string };

export type RefusedEventWhole = {
  readonly id: string;
  readonly application: string;
  readonly from: 'outbox' | 'transaction' | 'bridge' | 'delayed' | 'schedule' | 'held' | 'delivery';
  readonly bridge?: string;
  readonly message?: { readonly topic: string; readonly id: string };
  readonly transaction?: string;
  readonly schedule?: string;
  readonly topic?: string;
  readonly receiver?: string;
  readonly key?: string;
  readonly eventId?: string;
  readonly code:
    | 'malformed_json'
    | 'malformed_body'
    | 'invalid_request'
    | 'invalid_event'
    | 'invalid_filter'
    | 'invalid_schema'
    | 'schema_mismatch'
    | 'empty_batch'
    | 'batch_too_long'
    | 'id_conflict'
    | 'all_rejected'
    | 'unauthorized'
    | 'forbidden'
    | 'source_reserved'
    | 'unknown_route'
    | 'unknown_application'
    | 'unknown_key'
    | 'unknown_topic'
    | 'unknown_receiver'
    | 'unknown_event'
    | 'unknown_schedule'
    | 'unknown_subscription'
    | 'unknown_dead_letter'
    | 'unknown_redrive'
    | 'unknown_hold'
    | 'unknown_held_event'
    | 'unknown_refused'
    | 'unknown_transaction'
    | 'unknown_validation'
    | 'unknown_request'
    | 'unknown_schema_version'
    | 'unknown_grant'
    | 'event_not_kept'
    | 'method_not_allowed'
    | 'ambiguous_event'
    | 'event_left'
    | 'event_cancelled'
    | 'schema_breaks'
    | 'order_fixed'
    | 'in_use'
    | 'not_active'
    | 'releasing'
    | 'redrive_running'
    | 'transaction_decided'
    | 'transaction_exists'
    | 'target_replaced'
    | 'dropped'
    | 'declared'
    | 'request_decided'
    | 'topic_exists'
    | 'aws_limit'
    | 'conflict'
    | 'claimed'
    | 'request_too_large'
    | 'event_too_large'
    | 'unsupported_media_type'
    | 'too_many_wrong_keys'
    | 'quota_exceeded'
    | 'unsupported_encoding'
    | 'internal'
    | 'unavailable';
  readonly detail: string;
  readonly errors?: readonly FieldError[];
  readonly refusedAt: string;
  readonly times: number;
  readonly retryable?: false;
  readonly event: string;
};

export type Retrying = { readonly id: string; readonly state: 'retrying' };

export type ReceiverStatistics = {
  readonly points: readonly {
    readonly at: string;
    readonly delivered: number;
    readonly failed: number;
    readonly deadLettered: number;
    readonly dropped: number;
    readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  }[];
  readonly now: {
    readonly waiting: number;
    readonly oldestSeconds: number;
    readonly inFlight: number;
    readonly deadLetters: number;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly paused: boolean;
  };
};

export type Overview = {
  readonly points: readonly {
    readonly at: string;
    readonly accepted: number;
    readonly delivered: number;
    readonly failed: number;
    readonly deadLettered: number;
    readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  }[];
  readonly receivers: readonly {
    readonly receiver: Name;
    readonly owner: Name;
    readonly state: 'active' | 'disabled' | 'paused';
    readonly stateReason?: string;
    readonly breaker: 'closed' | 'open' | 'half-open';
    readonly breakerForced?: true;
    readonly breakerSince?: string;
    readonly breakerReason?: string;
    readonly backlogHigh?: true;
    readonly delivered: number;
    readonly failed: number;
    readonly deadLetteredLately: number;
    readonly now?: {
      readonly waiting: number;
      readonly oldestSeconds: number;
      readonly inFlight: number;
      readonly deadLetters: number;
    };
    readonly redrive?: { readonly id: string; readonly state: 'running' | 'halted' };
  }[];
  readonly troubled: number;
  readonly holds: readonly {
    readonly topic: Name;
    readonly owner: Name;
    readonly state: 'holding' | 'releasing';
    readonly by: 'hand' | 'rule';
    readonly since: string;
    readonly reason?: string;
    readonly released: number;
  }[];
  readonly redrives: readonly {
    readonly receiver: Name;
    readonly owner: Name;
    readonly id: string;
    readonly state: 'collecting' | 'canary' | 'sending' | 'done' | 'halted' | 'stopped';
    readonly startedAt: string;
    readonly updatedAt: string;
    readonly total: number;
    readonly sent: number;
    readonly reason?: string;
  }[];
  readonly requests: { readonly toDecide: number; readonly made: number };
  readonly partial?: true;
};

export type TopicStatistics = {
  readonly points: readonly {
    readonly at: string;
    readonly accepted: number;
    readonly rejected: number;
    readonly duplicate: number;
    readonly bytes: number;
  }[];
};

export type ApplicationStatistics = {
  readonly points: readonly {
    readonly at: string;
    readonly accepted: number;
    readonly rejected: number;
    readonly duplicate: number;
    readonly bytes: number;
    readonly delivered: number;
    readonly failed: number;
    readonly deadLettered: number;
    readonly dropped: number;
    readonly costDollars: number;
  }[];
};

export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code:
    | 'malformed_json'
    | 'malformed_body'
    | 'invalid_request'
    | 'invalid_event'
    | 'invalid_filter'
    | 'invalid_schema'
    | 'schema_mismatch'
    | 'empty_batch'
    | 'batch_too_long'
    | 'id_conflict'
    | 'all_rejected'
    | 'unauthorized'
    | 'forbidden'
    | 'source_reserved'
    | 'unknown_route'
    | 'unknown_application'
    | 'unknown_key'
    | 'unknown_topic'
    | 'unknown_receiver'
    | 'unknown_event'
    | 'unknown_schedule'
    | 'unknown_subscription'
    | 'unknown_dead_letter'
    | 'unknown_redrive'
    | 'unknown_hold'
    | 'unknown_held_event'
    | 'unknown_refused'
    | 'unknown_transaction'
    | 'unknown_validation'
    | 'unknown_request'
    | 'unknown_schema_version'
    | 'unknown_grant'
    | 'event_not_kept'
    | 'method_not_allowed'
    | 'ambiguous_event'
    | 'event_left'
    | 'event_cancelled'
    | 'schema_breaks'
    | 'order_fixed'
    | 'in_use'
    | 'not_active'
    | 'releasing'
    | 'redrive_running'
    | 'transaction_decided'
    | 'transaction_exists'
    | 'target_replaced'
    | 'dropped'
    | 'declared'
    | 'request_decided'
    | 'topic_exists'
    | 'aws_limit'
    | 'conflict'
    | 'claimed'
    | 'request_too_large'
    | 'event_too_large'
    | 'unsupported_media_type'
    | 'too_many_wrong_keys'
    | 'quota_exceeded'
    | 'unsupported_encoding'
    | 'internal'
    | 'unavailable';
  readonly errors?: readonly FieldError[];
  readonly events?: readonly PublishedEvent[] | readonly { readonly [name: string]: unknown }[];
  readonly breaking?: {
    readonly events: number;
    readonly refused: number;
    readonly samples: readonly {
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly publishedAt: string;
      readonly errors: readonly FieldError[];
    }[];
  };
  readonly state?: string;
  readonly redrive?: Redrive;
  readonly quota?: string;
  readonly application?: string;
  readonly limit?: number;
};

export type GatewayMessage = { readonly message: string };

export type Overloaded = { readonly status: 429; readonly code: 'overloaded' };

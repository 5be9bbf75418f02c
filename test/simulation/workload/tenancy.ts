import type { EpochMs } from '../../../lib/runtime/clock.ts';

/** Two applications that do not trust each other, and what each was allowed to do with the topics that both want. */

/** From the first call that may have begun it until the answer to the one that ended it: it may have held meanwhile. */
export interface Span {
  readonly fromMs: EpochMs;
  untilMs: EpochMs;
}

export type Tenant = 'alpha' | 'rival';
export const tenants: readonly Tenant[] = ['alpha', 'rival'];
export const otherThan = (tenant: Tenant): Tenant => (tenant === 'alpha' ? 'rival' : 'alpha');
/** Each has one receiver. */
export const sinkOf = (tenant: Tenant): string => `${tenant}-sink`;

/** Receivers of system events: of one application, of an admin, and one of the admin that is never well. */
export const watchers = { alpha: 'watch-alpha', ops: 'watch-ops', unwell: 'watch-unwell' } as const;

/** Who owned something, one after the other. */
export type Owned = Span & { readonly owner: Tenant | 'ops' };

/** One lifetime of a topic's name. */
export interface Life extends Span {
  /** Who may publish to whom it may concern: `anyone`, or the owner and whom it approved. */
  readonly access: 'owner' | 'request' | 'anyone';
  /** Who owned it, one after the other. */
  readonly owners: (Span & { readonly tenant: Tenant })[];
  /** Who was approved to publish. */
  readonly publishers: (Span & { readonly tenant: Tenant })[];
  readonly subscriptions: (Span & { readonly receiver: string; readonly by: 'owner' | 'approval' })[];
}

export interface TenantTopic {
  readonly name: string;
  /** The newest last. */
  readonly lives: Life[];
  /** Somebody changes it: one at a time, or nobody could say what counts. */
  busy: boolean;
  /** Since when nobody changes it. */
  freeSinceMs: EpochMs;
}

/** An event, or a schedule that makes one again and again. Its type names it wherever it arrives. */
export interface TenantEvent {
  readonly type: string;
  readonly by: Tenant;
  readonly topic: string;
  readonly kind: 'direct' | 'delayed' | 'transaction' | 'schedule' | 'outbox';
  readonly startMs: EpochMs;
  endMs: EpochMs;
  outcome: 'accepted' | 'refused' | 'unknown';
  /** The earliest time at which it may act; of a schedule, each of its events says it. Never: nobody has committed it. */
  actMs: EpochMs;
  /** Of an outbox entry. */
  readonly entry?: OutboxEntry;
}

/** What an application wrote into its own outbox. */
export interface OutboxEntry {
  /** When it was written, as the entry says: producers have clocks of their own, and entries may wait. */
  readonly writtenMs: EpochMs;
  /** It says that another application wrote it. */
  readonly isForged: boolean;
  /** Whoever decides about it has heard of all changes of its topic. */
  readonly isSettled: boolean;
}

/** A decision that somebody asked for. */
export interface Decision {
  readonly startMs: EpochMs;
  endMs: EpochMs;
  /** Whether it was answered 200 in the end. */
  isDone: boolean;
  /** Whether any of its calls may have taken effect. */
  maybeDone: boolean;
}

export interface TenantRequest {
  readonly id: string;
  readonly kind: 'publish' | 'subscribe';
  readonly by: Tenant;
  readonly topic: string;
  readonly life: Life;
  readonly decisions: { approve?: Decision; reject?: Decision; withdraw?: Decision };
}

/** A key that was made to be revoked. */
export interface MadeKey {
  readonly keyId: string;
  readonly key: string;
  readonly by: Tenant | 'ops';
  readonly role: 'member' | 'admin';
  readonly uses: {
    /** An event, or the call that asks who one is. */
    readonly what: string;
    readonly startMs: EpochMs;
    readonly endMs: EpochMs;
    /** `refused`: because of the key. */
    readonly outcome: 'accepted' | 'refused' | 'unknown';
  }[];
  revocation?: Decision;
}

/** The end of all that an application was granted on a topic, by its owner. */
export interface Revocation extends Decision {
  readonly of: Tenant;
  readonly life: Life;
}

/** An event that the bus refused after it had taken it over, as its list shows it. */
export interface Refusal {
  /** Whose list it is. */
  readonly of: Tenant;
  readonly from: string;
  readonly eventId: string | undefined;
  readonly code: string;
}

/** What a topic shows when all is over. */
export interface Standing {
  readonly topic: string;
  readonly grants: readonly {
    readonly application: string;
    readonly publish?: { readonly request: string };
    readonly subscribe?: Readonly<Record<string, { readonly request: string }>>;
  }[];
  readonly subscriptions: readonly { readonly receiver: string }[];
}

export interface Tenancy {
  readonly keys: Map<Tenant, string>;
  readonly topics: Map<string, TenantTopic>;
  readonly events: Map<string, TenantEvent>;
  readonly requests: TenantRequest[];
  readonly revocations: Revocation[];
  readonly madeKeys: MadeKey[];
  /** Whose a receiver was. */
  readonly receivers: Map<string, Owned[]>;
}

export const createTenancy = (): Tenancy => ({
  keys: new Map(),
  topics: new Map(),
  events: new Map(),
  requests: [],
  revocations: [],
  madeKeys: [],
  receivers: new Map(),
});

export const newLife = (owner: Tenant, access: Life['access'], fromMs: EpochMs): Life => ({
  fromMs,
  untilMs: Number.POSITIVE_INFINITY,
  access,
  owners: [{ tenant: owner, fromMs, untilMs: Number.POSITIVE_INFINITY }],
  publishers: [],
  subscriptions: [],
});

/** The present lifetime; undefined while there is none. */
export function presentLife({ lives }: TenantTopic): Life | undefined {
  const last = lives.at(-1);
  return last?.untilMs === Number.POSITIVE_INFINITY ? last : undefined;
}

export function ownerOf({ owners }: Life): Tenant {
  const last = owners.at(-1);
  if (last === undefined) throw new Error('Nobody owns it.');
  return last.tenant;
}

export const overlaps = (span: Span, fromMs: EpochMs, untilMs: EpochMs): boolean =>
  span.fromMs <= untilMs && span.untilMs >= fromMs;

/** A producer's clock may be wrong by this much: an entry is not for a topic that was made longer after it. */
const entrySkewMs = 60_000;

/** The lifetimes of its topic that an entry, which acts at any time after it was written, may have acted on. */
export const livesOfEntry = (
  { lives }: TenantTopic,
  { startMs }: TenantEvent,
  { writtenMs }: OutboxEntry,
  slackMs: number,
): Life[] =>
  lives.filter(
    (life) =>
      overlaps(life, startMs - slackMs, Number.POSITIVE_INFINITY) &&
      life.fromMs <= writtenMs + entrySkewMs + slackMs,
  );

/** Whether a tenant may have been allowed to publish at some time from `fromMs` until `untilMs`. */
export const mayHavePublished = (life: Life, tenant: Tenant, fromMs: EpochMs, untilMs: EpochMs): boolean =>
  overlaps(life, fromMs, untilMs) &&
  (life.access === 'anyone' ||
    [...life.owners, ...life.publishers].some(
      (span) => span.tenant === tenant && overlaps(span, fromMs, untilMs),
    ));

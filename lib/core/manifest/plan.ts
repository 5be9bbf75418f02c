import type { Kinds, Named } from '../registry/kinds.ts';
import { additions, differences, type FieldChange } from './differences.ts';
import { type Live, type Manifest, settingsOf } from './manifest.ts';

export type StepKind = 'topic' | 'receiver' | 'subscription' | 'schedule';

/** One call that brings the bus nearer to the manifest. */
export interface Step {
  readonly action: 'create' | 'change' | 'delete';
  readonly kind: StepKind;
  /** A subscription's is `<topic>/<receiver>`. */
  readonly name: string;
  readonly fields: readonly FieldChange[];
  /** The body of the PUT; absent for a delete. */
  readonly settings?: Named;
  /** The steps, as `<kind> <name>`, without which this one is not tried. */
  readonly needs: readonly string[];
}

export interface Plan {
  /** In an order in which each finds what it needs; deletes come last. */
  readonly steps: readonly Step[];
  /** What differs, but is declared in busbar.config.ts and so left alone, as `<kind> <name>`. */
  readonly declared: readonly string[];
}

/** What a plan may delete: what these applications own and a section of the manifest does not name. */
export interface Prune {
  readonly owners: ReadonlySet<string>;
}

export const stepName = ({ kind, name }: Pick<Step, 'kind' | 'name'>): string => `${kind} ${name}`;

/** What makes the bus as the manifest says. What the manifest does not name stays, unless `prune` is given. */
export function planOf(kinds: Kinds, manifest: Manifest, live: Live, prune?: Prune): Plan {
  const found = {
    topic: new Map(live.topics.map((one) => [String(one.topic), one])),
    receiver: new Map(live.receivers.map((one) => [String(one.receiver), one])),
    subscription: new Map<string, Named>(
      live.subscriptions.map((one) => [`${one.topic}/${one.receiver}`, one]),
    ),
    schedule: new Map(live.schedules.map((one) => [String(one.schedule), one])),
  };
  const wanted = {
    topic: new Map(Object.entries(manifest.topics ?? {})),
    receiver: new Map(Object.entries(manifest.receivers ?? {})),
    subscription: new Map<string, Named>(
      Object.entries(manifest.subscriptions ?? {}).flatMap(([topic, receivers]) =>
        Object.entries(receivers).map(([receiver, spec]) => [`${topic}/${receiver}`, spec] as const),
      ),
    ),
    schedule: new Map(Object.entries(manifest.schedules ?? {})),
  };
  const settings = (kind: StepKind, shown: Named): Named =>
    kind === 'receiver' ? settingsOf.receiver(kinds, shown) : settingsOf[kind](shown);

  const steps: Step[] = [];
  const declared: string[] = [];
  for (const kind of ['topic', 'receiver', 'subscription', 'schedule'] as const) {
    for (const [name, spec] of wanted[kind]) {
      const shown = found[kind].get(name);
      const needs = needsOf(kind, name, spec);
      if (shown === undefined) {
        steps.push({ action: 'create', kind, name, fields: additions(spec), settings: spec, needs });
        continue;
      }
      const fields = differences(settings(kind, shown), spec);
      if (fields.length === 0) continue;
      if (shown.declared === true) declared.push(stepName({ kind, name }));
      else steps.push({ action: 'change', kind, name, fields, settings: keepingSecret(kind, spec), needs });
    }
  }
  if (prune === undefined) return { steps, declared };

  const isOwned = ({ owner }: Named) => prune.owners.has(String(owner));
  const doomed = (kind: StepKind, named: boolean, may: (shown: Named) => boolean): Step[] =>
    (named ? [...found[kind]] : []).flatMap(([name, shown]) =>
      wanted[kind].has(name) || shown.declared === true || !may(shown)
        ? []
        : [{ action: 'delete' as const, kind, name, fields: [], needs: [] }],
    );
  const receivers = doomed('receiver', manifest.receivers !== undefined, isOwned);
  const gone = new Set(receivers.map(({ name }) => name));
  steps.push(
    ...doomed('schedule', manifest.schedules !== undefined, isOwned),
    // A subscription belongs to its receiver.
    ...doomed('subscription', manifest.subscriptions !== undefined, ({ receiver }) => {
      const of = found.receiver.get(String(receiver));
      return of !== undefined && (isOwned(of) || gone.has(String(receiver)));
    }),
    ...receivers,
    ...doomed('topic', manifest.topics !== undefined, isOwned),
  );
  return { steps, declared };
}

/** A change of other settings rotates no secret. */
function keepingSecret(kind: StepKind, spec: Named): Named {
  if (kind !== 'receiver') return spec;
  const { secret: _, ...kept } = spec;
  return kept;
}

function needsOf(kind: StepKind, name: string, spec: Named): string[] {
  if (kind === 'subscription') {
    const [topic = '', receiver = ''] = name.split('/');
    return [stepName({ kind: 'topic', name: topic }), stepName({ kind: 'receiver', name: receiver })];
  }
  if (kind !== 'schedule') return [];
  return (['topic', 'receiver'] as const).flatMap((target) =>
    spec[target] === undefined ? [] : [stepName({ kind: target, name: String(spec[target]) })],
  );
}

/** Whose things a manifest speaks of: the owners that it names, and the caller where it names none. */
export function ownersOf({ topics, receivers, schedules }: Manifest, caller: string): Set<string> {
  const all = [topics, receivers, schedules].flatMap((section) => Object.values(section ?? {}));
  return new Set(all.map(({ owner }) => String(owner ?? caller)));
}

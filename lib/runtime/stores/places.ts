import { type PlaceKind, placeKinds } from '../../core/access/quotas.ts';
import { newsOfQuota } from '../../core/system-event/news.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { reportAll } from './system-events.ts';

/** A place of an application: what it has, by its name, and how much of the quota that takes. */
export interface Place {
  readonly name: string;
  readonly amount: number;
  /** Epoch milliseconds: when it was taken. */
  readonly atMs: number;
}

/** The row that two who take places at the same time both change. */
export interface Gate {
  /** Another one after each change. */
  readonly turn: string;
  /** Epoch milliseconds: when places were last compared with what there is. */
  readonly comparedAtMs: number;
}

export interface PlaceStore {
  gate(application: string, kind: PlaceKind): Promise<Gate | undefined>;
  all(application: string, kind: PlaceKind): Promise<Place[]>;
  /** How much of each kind is taken. */
  used(application: string): Promise<Record<PlaceKind, number>>;
  /**
   * Compares: adds the places of what there is, and gives up those of what there is not.
   * @returns whether it did; false when somebody took a place meanwhile.
   */
  compare(
    application: string,
    kind: PlaceKind,
    found: { readonly missing: readonly Place[]; readonly stale: readonly Place[] },
    gate: Gate,
    was: Gate | undefined,
  ): Promise<boolean>;
  /** Takes a place, if nobody has since the gate was read; returns whether it did. */
  take(application: string, kind: PlaceKind, place: Place, gate: Gate, was: Gate): Promise<boolean>;
  /** Reports that a quota was used up. */
  refused(application: string, kind: PlaceKind): Promise<void>;
  leave(application: string, kind: PlaceKind, name: string): Promise<void>;
  /** Has the places of a kind built anew at the next take. */
  forget(application: string, kind: PlaceKind): Promise<void>;
}

/** A transaction has at most 100 writes; what is left is given up the next time. */
const staleMax = 90;

const pkOf = (application: string) => `application#${application}`;
const gateKey = (application: string, kind: PlaceKind) => ({ pk: pkOf(application), sk: `gate#${kind}` });
const placePrefix = (kind: PlaceKind) => `place#${kind}#`;
const placeKey = (application: string, kind: PlaceKind, name: string) => ({
  pk: pkOf(application),
  sk: `${placePrefix(kind)}${name}`,
});

export function createPlaceStore(table: Table, clock: Clock): PlaceStore {
  const all = async (application: string, kind: PlaceKind) =>
    (await table.query(pkOf(application), placePrefix(kind))).map((row) => row.document as Place);
  return {
    gate: async (application, kind) =>
      (await table.get(gateKey(application, kind), { consistent: true }))?.document as Gate | undefined,

    all,

    async used(application) {
      const used = Object.fromEntries(placeKinds.map((kind) => [kind, 0])) as Record<PlaceKind, number>;
      for (const { sk, document } of await table.query(pkOf(application), 'place#')) {
        const kind = placeKinds.find((each) => sk.startsWith(placePrefix(each)));
        if (kind !== undefined) used[kind] += (document as Place).amount;
      }
      return used;
    },

    async compare(application, kind, { missing, stale }, gate, was) {
      // Before the gate: whoever has read the earlier gate can take nothing any more once the new one is there.
      await table.putMany(
        missing.map((place) => ({ ...placeKey(application, kind, place.name), document: place })),
      );
      return await table.transact([
        { put: { ...gateKey(application, kind), document: gate }, was },
        ...stale.slice(0, staleMax).map((place) => ({
          delete: placeKey(application, kind, place.name),
          was: place,
        })),
      ]);
    },

    take: (application, kind, place, gate, was) =>
      table.transact([
        { put: { ...placeKey(application, kind, place.name), document: place } },
        { put: { ...gateKey(application, kind), document: gate }, was },
      ]),

    refused: (application, kind) => reportAll(table, newsOfQuota(application, kind, clock.now())),

    leave: (application, kind, name) => table.delete(placeKey(application, kind, name)),

    forget: (application, kind) => table.delete(gateKey(application, kind)),
  };
}

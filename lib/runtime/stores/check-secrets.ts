import type { CheckSecret } from '../../core/transaction/check.ts';
import type { Table } from '../aws/table/table.ts';

/** The secret of each application by which checks of its transactions are signed. */
export interface CheckSecretStore {
  find(application: string): Promise<CheckSecret | undefined>;
  /** Writes it in the place of `earlier`, or where there is none; false when somebody else was first. */
  swap(application: string, to: CheckSecret, earlier: CheckSecret | undefined): Promise<boolean>;
}

const key = (application: string) => ({ pk: `check-secret#${application}`, sk: 'check-secret' });

export function createCheckSecretStore(table: Table): CheckSecretStore {
  return {
    find: async (application) =>
      (await table.get(key(application), { consistent: true }))?.document as CheckSecret | undefined,
    swap: (application, to, earlier) => table.replace({ ...key(application), document: to }, earlier),
  };
}

import { BusbarError } from '../../lib/core/kernel/errors.ts';

/** The refusal that `act` throws; anything else it throws, or nothing, fails the test. */
export function refusalOf(act: () => unknown): BusbarError {
  try {
    act();
  } catch (error) {
    if (error instanceof BusbarError) return error;
    throw error;
  }
  throw new Error('Nothing was refused.');
}

/** The paths of the fields that the refusal names. */
export const pathsOf = (error: BusbarError): string[] => error.fields.map((field) => field.path);

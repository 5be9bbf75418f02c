import { BusbarError } from '../../client/index.ts';

/** Whether who watches a bus had better try again: the bus did not answer, or is overloaded or failing at the moment. */
export const mayPass = (error: unknown): error is BusbarError =>
  error instanceof BusbarError && (error.status === undefined || error.status === 429 || error.status >= 500);

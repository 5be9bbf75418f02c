import { eventCalls } from './calls-events.ts';
import { registryCalls } from './calls-registry.ts';

/** The calls of the HTTP API: one for each route of `functions/admin.ts` and `functions/publish.ts`. */
export const calls = { ...registryCalls, ...eventCalls };

/** Such as `GET /v1/topics`; no function has a route of another name. */
export type KnownCall = keyof typeof calls;

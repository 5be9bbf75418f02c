/** The partition of the system events that wait: one, because there is at most one for each type and subject. */
export const systemEventsPk = 'system-events';

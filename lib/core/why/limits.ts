/** How long traces are kept. */
export const traceSeconds = 30 * 24 * 3600;

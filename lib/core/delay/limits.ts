/** The lease of a delayed event while a function routes it; it is longer than that function may run. */
export const delayLeaseSeconds = 40;

/** How long after its time an event may still be found in the list of what waits, should it be late. */
export const listedSeconds = 3600;

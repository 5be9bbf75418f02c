/** The lease of a delayed event while a function routes it; it is longer than that function may run. */
export const delayLeaseSeconds = 40;

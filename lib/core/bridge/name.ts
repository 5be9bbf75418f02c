import { nameSchema } from '../kernel/spec.ts';

/** A part of the name of its function, of which AWS takes 64 characters. */
export const bridgeNameSchema = nameSchema.max(40, 'is longer than 40 characters');

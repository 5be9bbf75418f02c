import type { PolicyDocument } from '../engine.ts';
import type { StoredFunction } from './model.ts';

/** The resource policy of a function, if AddPermission created one. */
export function policyDocument(stored: StoredFunction | undefined): PolicyDocument | undefined {
  if (stored === undefined || stored.policy.length === 0) return undefined;
  return { Version: '2012-10-17', Statement: stored.policy };
}

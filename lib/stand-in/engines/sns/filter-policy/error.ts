/** Why a filter policy is invalid, in the words of SNS without its leading `Invalid parameter: `. */
export class FilterPolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FilterPolicyError';
  }
}

/** A fault that SNS reports as `FilterPolicy: …`. */
export function fault(reason: string): FilterPolicyError {
  return new FilterPolicyError(`FilterPolicy: ${reason}`);
}

import { AwsError } from '../engine.ts';

const user = { members: { Type: 'User' } } as const;

export const invalidParameter = (message: string) =>
  new AwsError('InvalidParameterValueException', message, { status: 400, ...user });
export const notFound = (message: string) =>
  new AwsError('ResourceNotFoundException', message, { status: 404, ...user });
export const conflict = (message: string) =>
  new AwsError('ResourceConflictException', message, { status: 409, ...user });
export const inUse = (message: string) =>
  new AwsError('ResourceInUseException', message, { status: 400, ...user });
export const throttled = (reason: string) =>
  new AwsError('TooManyRequestsException', 'Rate Exceeded.', {
    status: 429,
    members: { Type: 'User', Reason: reason },
  });

/** Whether an invocation failed for lack of concurrency, and so can be retried unchanged. */
export const isThrottle = (error: unknown): boolean =>
  error instanceof AwsError && error.code === 'TooManyRequestsException';

export const errorMessage = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

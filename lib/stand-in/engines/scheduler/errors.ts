import { AwsError } from '../engine.ts';

export const invalid = (message: string) => new AwsError('ValidationException', message, { status: 400 });
export const notFound = (message: string) =>
  new AwsError('ResourceNotFoundException', message, { status: 404 });
export const conflict = (message: string) => new AwsError('ConflictException', message, { status: 409 });

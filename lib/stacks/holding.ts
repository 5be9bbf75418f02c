import type { BusFunction } from './bus-function.ts';

/** Lets a function that sends events to topics store those of topics on hold. */
export function grantHolding(to: BusFunction, tableArn: string): void {
  to.grant(
    [
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
    ],
    [tableArn],
  );
}

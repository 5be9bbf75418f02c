import type { Place } from '../core/kernel/place.ts';
import type { BusFunction } from './bus-function.ts';
import { anyQueue, anyTopic } from './bus-part.ts';
import { reasons } from './nag.ts';

/** Lets a function send events on their way: by SNS, or straight to the queues of the receivers that are subscribed. */
export function grantRouting(sender: BusFunction, place: Place, tableArn: string): void {
  sender.grant(['dynamodb:GetItem', 'dynamodb:Query'], [tableArn]);
  sender.grantByPattern(['sns:Publish'], [anyTopic(place)], reasons.madeAtRunTime);
  sender.grantByPattern(['sqs:SendMessage'], [anyQueue(place, 'online')], reasons.madeAtRunTime);
}

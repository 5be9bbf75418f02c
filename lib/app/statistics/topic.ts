import { type Principal, requireOwner } from '../../core/access/access.ts';
import { topicThing } from '../../core/statistics/counts.ts';
import { type PeriodQuery, periodOf } from '../../core/statistics/period.ts';
import type { Tools } from '../../runtime/tools.ts';
import { getTopic } from '../registry/topics.ts';
import { pointsOf } from './points.ts';

/** What was published to a topic in one step. */
export interface TopicPoint {
  /** When it begins. RFC 3339. */
  readonly at: string;
  /** Events, those that were held or wait for their time included. */
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicate: number;
  /** Of the accepted events, as JSON in UTF-8. */
  readonly bytes: number;
}

/** @throws BusbarError unknown_topic, forbidden, invalid_request. */
export async function topicStatistics(
  tools: Tools<'statistics' | 'registry'>,
  principal: Principal,
  name: string,
  query: PeriodQuery,
): Promise<{ points: TopicPoint[] }> {
  const topic = await getTopic(tools, name);
  requireOwner(principal, topic.owner, `The topic ${name}`);
  const period = periodOf(query, tools.clock.now());
  const points = await pointsOf(tools, topicThing(topic), period);
  return {
    points: points.map(({ at, counts: { accepted = 0, rejected = 0, duplicate = 0, bytes = 0 } }) => ({
      at,
      accepted,
      rejected,
      duplicate,
      bytes,
    })),
  };
}

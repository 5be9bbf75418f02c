import * as z from 'zod';
import type { Sink } from '../kind.ts';
import { rocketMqEndpoints } from './config.ts';
import { timeoutSecondsDefault, timeoutSecondsMax, timeoutsMax } from './limits.ts';
import type { RocketMqReceiver, RocketMqSpec } from './receiver.ts';
import {
  checkRocketMqEndpoint,
  declaredRocketMqTargetSchema,
  keptRocketMqTarget,
  redeclaredRocketMqTarget,
  rocketMqRetry,
  rocketMqTargetSchema,
  rocketMqUrl,
  showRocketMqTarget,
} from './target.ts';

/** Receivers that are topics of RocketMQ 5: their events are sent by a producer. */
export const rocketMq = {
  field: 'rocketmq',
  title: 'a RocketMQ topic',
  titles: 'RocketMQ topics',
  fields: { rocketmq: rocketMqTargetSchema.optional() },
  declaredFields: { rocketmq: declaredRocketMqTargetSchema.optional() },
  shownFields: {
    rocketmq: rocketMqTargetSchema
      .safeExtend({ credentials: z.object({ accessKey: z.string() }).optional() })
      .optional(),
  },
  fieldTexts: {
    rocketmq:
      'The topic of RocketMQ 5 that events are sent to: `binary` unless `format` says otherwise, within 3 s unless `timeoutSeconds` says up to 5.',
  },
  deliveredBy: 'deliver-rocketmq',
  probedBy: 'deliver-rocketmq',
  // RocketMQ authenticates its clients itself.
  isSigned: false,
  // The operator lists the proxies, so that their owners need not agree.
  isAsked: false,
  formats: ['structured', 'binary'],
  isProbedByHead: false,
  problems({ timeoutSeconds: seconds = 0 }) {
    if (seconds <= timeoutSecondsMax) return [];
    const detail = `is more than ${timeoutSecondsMax}, the most for RocketMQ, whose client is opened and closed within the same call`;
    return [{ path: 'timeoutSeconds', detail }];
  },
  async check({ rocketmq }, { endpoints: policy, env }) {
    checkRocketMqEndpoint(rocketmq.endpoint, { policy, allowed: rocketMqEndpoints(env) });
  },
  keep: ({ rocketmq }, existing) => ({
    endpoint: rocketMqUrl(rocketmq),
    rocketmq: keptRocketMqTarget(rocketmq, existing?.rocketmq),
  }),
  keepDeclared: ({ rocketmq }, existing) => ({
    endpoint: rocketMqUrl(rocketmq),
    rocketmq: redeclaredRocketMqTarget(rocketmq, existing?.rocketmq),
  }),
  show: ({ rocketmq }) => ({ rocketmq: showRocketMqTarget(rocketmq) }),
  credentials: ({ rocketmq }) => [rocketmq.credentials?.secretKey ?? ''],
  // The client is opened, sends and is closed within one invocation.
  sendSecondsMax: (receiver) => timeoutSeconds(receiver) * timeoutsMax,
  retryPolicy: ({ retry }) => rocketMqRetry(retry),
} as const satisfies Sink<RocketMqSpec, RocketMqReceiver>;

/** How long one request to RocketMQ may take. */
export const timeoutSeconds = (receiver: RocketMqReceiver): number =>
  receiver.timeoutSeconds ?? timeoutSecondsDefault;

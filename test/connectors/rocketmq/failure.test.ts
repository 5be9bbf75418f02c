import { describe, expect, it } from 'vitest';
import {
  failureOfGrpcCode,
  failureOfRocketMqCode,
  rocketMqFailure,
} from '../../../lib/connectors/rocketmq/failure.ts';

describe('what RocketMQ answers', () => {
  it.each([
    [40000, 'refused', true],
    [40013, 'expired', true],
    [40014, 'refused', true],
    [40100, 'unauthorized', true],
    [40300, 'unauthorized', true],
    [40402, 'not-found', true],
    [40403, 'not-found', true],
    [40800, 'timeout', false],
    [41301, 'too-large', true],
    [42900, 'throttled', false],
    [43101, 'too-large', true],
    [50001, 'broker', false],
    [50002, 'broker', false],
    [50100, 'refused', true],
    [50400, 'timeout', false],
    [50401, 'timeout', false],
    [50500, 'refused', true],
    [60000, 'broker', false],
    [99999, 'broker', false],
  ] as const)('%i is %s, permanent: %s', (code, failure, permanent) => {
    expect(rocketMqFailure(failureOfRocketMqCode(code), 'x')).toEqual({
      kind: 'failure',
      failure,
      permanent,
      message: 'x',
    });
  });

  it.each([
    [4, 'timeout', false],
    [7, 'unauthorized', true],
    [8, 'throttled', false],
    [12, 'refused', true],
    [13, 'broker', false],
    [14, 'unreachable', false],
    [16, 'unauthorized', true],
    [99, 'broker', false],
  ] as const)('gRPC %i is %s, permanent: %s', (code, failure, permanent) => {
    expect(rocketMqFailure(failureOfGrpcCode(code), 'x')).toMatchObject({ failure, permanent });
  });
});

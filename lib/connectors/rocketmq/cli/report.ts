import { plain } from '../../../cli/support/plain.ts';
import type { Output } from '../../../cli/support/world.ts';
import type { CheckReport, Lag } from '../bridge-check.ts';

/** The result of a check as text. */
export function reportText(
  topic: string,
  rocketMqTopic: string,
  report: CheckReport,
  output: Output,
): string {
  const { window, seen, onBoth, missing, notCompared, lag, verdict, reasons } = report;
  const verdicts = {
    same: output.paint('green', 'Both sides have the same events: you can switch the old path off.'),
    different: output.paint('red', `The old path is still needed: ${reasons.join('; ')}.`),
    unknown: output.paint('yellow', `Nothing is proven: ${reasons.join('; ')}.`),
  };
  return `${[
    `${topic} and ${plain(rocketMqTopic)} of RocketMQ, ${window.from} to ${window.to}`,
    sideLine('bus', seen.bus),
    sideLine('RocketMQ', seen.rocketmq),
    `  on both    ${onBoth}`,
    ...missingLines('the bus', missing.bus),
    ...missingLines('RocketMQ', missing.rocketmq),
    ...(notCompared > 0 ? [`  not compared, because they are older than the window: ${notCompared}`] : []),
    ...lagLines('the bus', lag.bus),
    ...lagLines('RocketMQ', lag.rocketmq),
    verdicts[verdict],
  ].join('\n')}\n`;
}

function sideLine(name: string, { events, duplicates }: CheckReport['seen']['bus']): string {
  return `  ${name.padEnd(10)} ${events} events${duplicates > 0 ? `, ${duplicates} duplicates` : ''}`;
}

function missingLines(name: string, { events, ids }: CheckReport['missing']['bus']): string[] {
  if (events === 0) return [];
  return [
    `  missing on ${name}: ${events}`,
    ...ids.map((id) => `    ${plain(id)}`),
    ...(events > ids.length ? ['    …'] : []),
  ];
}

function lagLines(name: string, lag: Lag | undefined): string[] {
  if (lag === undefined) return [];
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const { events, medianSeconds, p99Seconds, maxSeconds } = lag;
  return [
    `  later on ${name}: ${events}, by ${seconds(medianSeconds)} (median), ${seconds(p99Seconds)} (p99), ${seconds(maxSeconds)} (max)`,
  ];
}

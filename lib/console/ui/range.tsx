import { useSearchParameter } from '../app/address.ts';
import { useWords, words } from '../app/words.ts';
import type { Series } from './chart.tsx';
import { useNow } from './time.tsx';

/** How far back plots reach, and the seconds of each of their points. */
const ranges = {
  hour: { seconds: 3600, step: 60 },
  day: { seconds: 86_400, step: 3600 },
  month: { seconds: 30 * 86_400, step: 86_400 },
} as const;
type Name = keyof typeof ranges;

/** More points, for what is seldom asked for: a day of minutes is sixty times the rows of one of hours. */
export const fineSteps: Readonly<Record<Name, number>> = { hour: 60, day: 60, month: 3600 };

export interface Range {
  readonly name: Name;
  /** RFC 3339, at the beginning of a step, so that it changes once a step. */
  readonly since: string;
  readonly step: number;
  readonly seconds: number;
}

const rangeWords = words({
  en: { label: 'Time shown', hour: '1 h', day: '24 h', month: '30 d' },
  zh: { label: '显示的时间', hour: '1 小时', day: '24 小时', month: '30 天' },
});

/**
 * The chosen range, in the address, and the buttons that choose it.
 * @param steps the seconds of a point in each, where they are others.
 */
export function useRange(steps?: Readonly<Record<Name, number>>) {
  const t = useWords(rangeWords);
  const now = useNow();
  const [chosen, choose] = useSearchParameter('range', 'hour');
  const name: Name = chosen in ranges ? (chosen as Name) : 'hour';
  const { seconds } = ranges[name];
  const step = steps?.[name] ?? ranges[name].step;
  const sinceMs = Math.floor((now - seconds * 1000) / (step * 1000)) * step * 1000;
  const buttons = (
    <fieldset className="choices">
      <legend className="unseen">{t('label')}</legend>
      {(Object.keys(ranges) as Name[]).map((each) => (
        <button key={each} type="button" aria-pressed={each === name} onClick={() => choose(each)}>
          {t(each)}
        </button>
      ))}
    </fieldset>
  );
  const range: Range = { name, since: new Date(sinceMs).toISOString(), step, seconds };
  return { range, buttons };
}

interface Point {
  readonly at: string;
}

/** Points for a plot, with a place for each step: the API leaves out those in which nothing was counted. */
export function alongSteps<Each extends Point>(
  points: readonly Each[],
  { since, step, seconds }: Omit<Range, 'name'>,
) {
  const byTime = new Map(points.map((point) => [Date.parse(point.at) / 1000, point]));
  const first = Date.parse(since) / 1000;
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, at) => first + at * step);
  return {
    times,
    /** A rate of a count, per second. */
    rate: (count: (point: Each) => number): Series['values'] =>
      times.map((at) => {
        const point = byTime.get(at);
        return point === undefined ? 0 : count(point) / step;
      }),
    /** A value as it is; none where nothing was counted. */
    value: (of: (point: Each) => number | null): Series['values'] =>
      times.map((at) => {
        const point = byTime.get(at);
        return point === undefined ? null : of(point);
      }),
  };
}

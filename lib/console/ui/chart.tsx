import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { usePreferences } from '../app/preferences.ts';
import { useWords, words } from '../app/words.ts';
import { Scroll } from './scroll.tsx';
import { exactTime } from './time.tsx';

export interface Series {
  readonly name: string;
  /** A custom property of the style sheet, such as `--plot-good`. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
  readonly dash?: boolean;
}

interface ChartProps {
  readonly label: string;
  /** Epoch seconds, rising. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Such as `/s` or `ms`. */
  readonly unit: string;
  readonly height?: number;
  /** What happened at a time, drawn as lines: causes beside effects. */
  readonly marks?: readonly { readonly at: number; readonly name: string }[];
}

const chartWords = words({
  en: { table: 'As a table', time: 'Time', noData: 'Nothing was counted in this time.' },
  zh: { table: '以表格显示', time: '时间', noData: '这段时间内没有计数。' },
});

/** A plot over time. Its numbers are a table too, for whoever cannot see it. */
export function Chart({ label, times, series, unit, height = 160, marks = [] }: ChartProps) {
  const t = useWords(chartWords);
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const { theme, zone } = usePreferences();
  const [asTable, setAsTable] = useState(false);
  const shape = JSON.stringify([series.map(({ name, colour }) => [name, colour]), unit, height, theme, zone]);
  const data = [[...times], ...series.map(({ values }) => [...values])] as uPlot.AlignedData;
  const latest = useRef({ data, marks, series });
  latest.current = { data, marks, series };

  // biome-ignore lint/correctness/useExhaustiveDependencies: its shape says what it is made of; data is set below.
  useEffect(() => {
    const at = holder.current;
    if (at === null) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--text-soft'),
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { stroke: colour('--line'), width: 1 },
      font: '11px system-ui, sans-serif',
    };
    const made = new uPlot(
      {
        width: at.clientWidth || 320,
        height,
        ...(zone === 'utc' && { tzDate: (ts: number) => uPlot.tzDate(new Date(ts * 1000), 'UTC') }),
        cursor: { sync: { key: 'busbar' } },
        scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(high * 1.1, 1)] } },
        axes: [
          {
            ...axis,
            values: (_plot, splits) => splits.map((at, index) => tick(at, splits[index - 1], zone)),
          },
          { ...axis, size: 68, values: (_plot, values) => values.map((value) => `${short(value)} ${unit}`) },
        ],
        series: [
          {},
          ...latest.current.series.map((each) => ({
            label: each.name,
            stroke: colour(each.colour),
            width: 1.5,
            ...(each.dash === true && { dash: [4, 3] }),
            points: { show: false },
            value: (_plot: uPlot, value: number | null) => (value === null ? '–' : `${short(value)} ${unit}`),
          })),
        ],
        hooks: {
          draw: [(drawn) => drawMarks(drawn, latest.current.marks, colour('--text-soft'))],
        },
      },
      latest.current.data,
      at,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: at.clientWidth || 320, height }));
    resized.observe(at);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);

  useEffect(() => {
    plot.current?.setData(data);
  });

  const empty = series.every(({ values }) => values.every((value) => value === null || value === 0));
  return (
    <figure className="chart">
      <figcaption>
        <span className="unseen">{label}</span>
        <button type="button" className="link" aria-expanded={asTable} onClick={() => setAsTable(!asTable)}>
          {t('table')}
        </button>
      </figcaption>
      <div ref={holder} aria-hidden="true" />
      {empty && <p className="chart-empty">{t('noData')}</p>}
      {asTable && (
        <Scroll label={label}>
          <table>
            <caption className="unseen">{label}</caption>
            <thead>
              <tr>
                <th scope="col">{t('time')}</th>
                {series.map(({ name }) => (
                  <th key={name} scope="col" className="numeric">
                    {name} ({unit})
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {times.map((at, index) => (
                <tr key={at}>
                  <td>{new Date(at * 1000).toISOString()}</td>
                  {series.map(({ name, values }) => (
                    <td key={name} className="numeric">
                      {values[index] === null || values[index] === undefined ? '–' : short(values[index])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </figure>
  );
}

/** A time of the axis: the day where it begins or changes, the hour otherwise. */
function tick(at: number, before: number | undefined, zone: 'local' | 'utc'): string {
  const [day = '', time = ''] = exactTime(at * 1000, { zone }).split(' ');
  const dayBefore = before === undefined ? undefined : exactTime(before * 1000, { zone }).split(' ')[0];
  return day !== dayBefore && (before !== undefined || time.startsWith('00:00'))
    ? day.slice(5)
    : time.slice(0, 5);
}

function short(value: number): string {
  if (value >= 10_000) return `${Math.round(value / 1000)}k`;
  if (value >= 100) return String(Math.round(value));
  return String(Math.round(value * 100) / 100);
}

function drawMarks(plot: uPlot, marks: ChartProps['marks'] = [], colour: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([2, 3]);
  for (const { at } of marks) {
    const x = Math.round(plot.valToPos(at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

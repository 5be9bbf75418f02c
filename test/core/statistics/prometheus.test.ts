import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Family, prometheusText } from '../../../lib/core/statistics/prometheus.ts';
import { parsePrometheus } from '../../prometheus.ts';

it('is read by a parser of the format as it was written, whatever labels say', () => {
  const label = fc.oneof(
    fc.string(),
    fc.constantFrom('\\', '"', '\n', '\\n', '{a="b"} 1', '# HELP', '\\"', 'ü'),
  );
  const samples = fc.uniqueArray(fc.record({ receiver: label, state: label }), {
    minLength: 1,
    maxLength: 5,
    selector: (one) => JSON.stringify(one),
  });
  fc.assert(
    fc.property(samples, fc.double({ noNaN: true, noDefaultInfinity: true }), (labels, value) => {
      const families: Family[] = [
        {
          name: 'busbar_a_total',
          help: 'One line\nand another \\ "quoted"',
          type: 'counter',
          samples: labels.map((each) => ({ labels: each, value })),
        },
        { name: 'busbar_b', help: 'Nothing', type: 'gauge', samples: [] },
        { name: 'busbar_c', help: 'Bare', type: 'gauge', samples: [{ labels: {}, value: -1 }] },
      ];
      const text = prometheusText(families);
      const parsed = parsePrometheus(text);
      expect([...parsed.keys()]).toEqual(['busbar_a_total', 'busbar_c']);
      const family = parsed.get('busbar_a_total');
      expect(family?.type).toBe('COUNTER');
      expect(family?.metrics.map((metric) => metric.labels)).toEqual(labels);
      for (const metric of family?.metrics ?? []) expect(Number(metric.value)).toBe(value === 0 ? 0 : value);
    }),
  );
});

it('writes what is no number as the format says', () => {
  const samples = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({
    labels: {},
    value,
  }));
  expect(prometheusText([{ name: 'a', help: 'x', type: 'gauge', samples }])).toBe(
    '# HELP a x\n# TYPE a gauge\na NaN\na +Inf\na -Inf\n',
  );
});

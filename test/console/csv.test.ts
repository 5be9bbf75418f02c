import { expect, it } from 'vitest';
import { csv } from '../../lib/console/ui/csv-text.ts';

it.each([
  ['a text', 'plain', 'plain'],
  ['a comma, a quote and lines', 'a,"b"\r\nc', '"a,""b""\r\nc"'],
  ['what a spreadsheet would run', '=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
  ['another formula', '+1', "'+1"],
  ['a number, which is no formula', -1, '-1'],
  ['what is not there', undefined, ''],
])('exports %s harmlessly', (_, value, expected) => {
  expect(csv(['name'], [[value]])).toBe(`name\r\n${expected}`);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { main } from '../../lib/cli/main.ts';
import { jsonText, plain, printable } from '../../lib/cli/support/plain.ts';
import { cell, fields, table } from '../../lib/cli/support/table.ts';
import { type Output, processWorld } from '../../lib/cli/support/world.ts';

/** C0, DEL, C1 (0x9b begins a sequence as ESC [ does), overrides and isolates of direction, line separators. */
const evil =
  '\u0007\u001b[2J\u001b]0;title\u0007\r\u007f\u009b31m\u0090\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u2028\u2029\ud800';
const unsafe = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u;

const collected = () => {
  const texts: string[] = [];
  const output: Output = {
    isTerminal: true,
    columns: 80,
    write: async (text) => void texts.push(text),
    paint: (_, text) => text,
  };
  return { output, text: () => texts.join('') };
};

describe('foreign text', () => {
  it('has nothing left that a terminal obeys, wherever it is shown', () => {
    const { output } = collected();
    const row = { [evil]: evil, a: evil, b: { [evil]: [evil] } };
    const column = { title: 'a', value: ({ a }: Readonly<Record<string, unknown>>) => a };
    for (const text of [plain(evil), jsonText(row), cell(evil), cell(row)]) expect(text).not.toMatch(unsafe);
    for (const text of [fields(row, output), table([row], [column], output)]) {
      expect(text.replaceAll('\n', '')).not.toMatch(unsafe);
    }
    expect(plain('Grüße, 世界 👋 שלום')).toBe('Grüße, 世界 👋 שלום');
  });

  it('as JSON is plain and still the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...evil, 'é', '👋'), (value, character) => {
        const text = jsonText([value, { [character]: character }]);
        expect(text).not.toMatch(unsafe);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify([value, { [character]: character }])));
      }),
    );
  });

  it('that a command forgot keeps only line ends and colours', () => {
    expect(printable('a\tb\n\u001b[1mc\u001b[22m\r\u001b[Kd')).toBe('a\tb\n\u001b[1mc\u001b[22m\r\u001b[Kd');
    expect(printable(evil.replace('\u001b[2J', '')).replaceAll('\n', '')).not.toMatch(unsafe);
    expect(printable('\u001b[2J\ra\u009b1mb')).toBe('\ufffd[2J\ufffda\ufffd1mb');
  });

  it('does not reach the terminal in an answer, an error or a list', async () => {
    const answers = [
      { status: 400, body: { code: 'x', detail: `no: ${evil}\nbusbar: all is well` } },
      { status: 200, body: { topics: [{ topic: 'a', owner: evil, description: evil }] } },
    ];
    for (const { status, body } of answers) {
      for (const more of [[], ['--json']]) {
        const [stdout, stderr] = [collected(), collected()];
        const type = status === 200 ? 'application/json' : 'application/problem+json';
        await main({
          ...processWorld(),
          args: ['topics', 'list', '--url', 'http://bus.test', '--key', 'k', ...more],
          stdout: stdout.output,
          stderr: stderr.output,
          fetch: async () =>
            new Response(JSON.stringify(body), { status, headers: { 'content-type': type } }),
        });
        const text = `${stdout.text()}${stderr.text()}`;
        expect(text.length).toBeGreaterThan(10);
        expect(text.replaceAll('\n', '')).not.toMatch(unsafe);
        expect(text.split('\n')).not.toContain('busbar: all is well');
      }
    }
  });
});

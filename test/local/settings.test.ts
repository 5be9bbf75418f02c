import { describe, expect, it } from 'vitest';
import { parseSettings } from '../../lib/local/settings.ts';

describe('the secrets of npm start', () => {
  it('are empty unless given as a JSON object of strings', () => {
    expect(parseSettings({}).secrets).toEqual({});
    expect(parseSettings({ BUSBAR_SECRETS: '{"mq":"{\\"accessKey\\":\\"a\\"}"}' }).secrets).toEqual({
      mq: '{"accessKey":"a"}',
    });
  });

  it.each(['hunter2', '["hunter2"]', '{"mq":{"accessKey":"hunter2"}}', 'null'])(
    'are rejected as %s, without being quoted',
    (text) => {
      expect(() => parseSettings({ BUSBAR_SECRETS: text })).toThrow(/BUSBAR_SECRETS must be a JSON object/);
      expect(() => parseSettings({ BUSBAR_SECRETS: text })).not.toThrow(/hunter2/);
    },
  );
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvent, parseTimestamp } from '../../../lib/core/event/event.ts';

/** RFC 3339, section 5.6, and what its prose adds. Each rule with times that follow it, and times that do not. */
describe('RFC 3339', () => {
  it.each<[rule: string, text: string, utc: string]>([
    ['5.6: date-time', '2026-01-31T12:00:00Z', '2026-01-31T12:00:00.000Z'],
    ['5.6: "T" and "Z" may be lower case', '2026-01-31t12:00:00z', '2026-01-31T12:00:00.000Z'],
    ['5.6: an offset is added to UTC', '2026-01-31T12:00:00+05:30', '2026-01-31T06:30:00.000Z'],
    ['5.6: an offset may cross the day', '2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z'],
    ['5.6: the largest offset', '2026-01-31T12:00:00-23:59', '2026-02-01T11:59:00.000Z'],
    ['4.3: an unknown local offset', '2026-01-31T12:00:00-00:00', '2026-01-31T12:00:00.000Z'],
    ['5.6: a fraction of one digit', '2026-01-31T12:00:00.5Z', '2026-01-31T12:00:00.500Z'],
    [
      '5.6: a fraction of any length',
      '2026-01-31T12:00:00.123456789012345678901Z',
      '2026-01-31T12:00:00.123Z',
    ],
    [
      '5.6: a fraction is cut off, so no time moves on',
      '2026-01-31T23:59:59.9999Z',
      '2026-01-31T23:59:59.999Z',
    ],
    ['5.7: 29 February of a leap year', '2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['5.7: 2000 is a leap year', '2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
    ['5.7: a leap second', '2016-12-31T23:59:60Z', '2017-01-01T00:00:00.000Z'],
    ['5.7: a leap second with a fraction', '1990-12-31T23:59:60.9Z', '1991-01-01T00:00:00.000Z'],
    ['5.8: a leap second in another zone', '1990-12-31T15:59:60-08:00', '1991-01-01T00:00:00.000Z'],
    ['1: the first year', '0000-01-01T00:00:00Z', '0000-01-01T00:00:00.000Z'],
    ['5.7: the year 0 is a leap year', '0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000Z'],
    ['1: a year below 100', '0099-12-31T00:00:00Z', '0099-12-31T00:00:00.000Z'],
    ['1: the last year', '9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
    ['5.8: an offset of minutes', '1937-01-01T12:00:27.87+00:20', '1937-01-01T11:40:27.870Z'],
  ])('%s: %s', (_, text, utc) => {
    expect(new Date(parseTimestamp(text)).toISOString()).toBe(utc);
    // It is passed on as it was written.
    const { body } = createEvent({
      attributes: { id: '1', source: '/s', type: 't', time: text },
      data: undefined,
    });
    expect(JSON.parse(body).time).toBe(text);
  });

  it.each<[rule: string, text: string]>([
    ['an offset is required', '2026-01-31T12:00:00'],
    ['the time is required', '2026-01-31'],
    ['the seconds are required', '2026-01-31T12:00Z'],
    ['a space is no "T"', '2026-01-31 12:00:00Z'],
    ['the month is 01 to 12', '2026-13-01T12:00:00Z'],
    ['the month is not 00', '2026-00-01T12:00:00Z'],
    ['the day is not 00', '2026-01-00T12:00:00Z'],
    ['31 April does not exist', '2026-04-31T12:00:00Z'],
    ['30 February does not exist', '2024-02-30T12:00:00Z'],
    ['29 February needs a leap year', '2026-02-29T12:00:00Z'],
    ['1900 was no leap year', '1900-02-29T12:00:00Z'],
    ['the hour is 00 to 23', '2026-01-31T24:00:00Z'],
    ['the minute is 00 to 59', '2026-01-31T12:60:00Z'],
    ['the second is 00 to 60', '2026-01-31T12:00:61Z'],
    ['a leap second ends a month', '2026-01-30T23:59:60Z'],
    ['a leap second ends a day of UTC', '2016-12-31T22:59:60Z'],
    ['a leap second is at midnight of UTC', '2016-12-31T23:59:60+01:00'],
    ['an offset has an hour up to 23', '2026-01-31T12:00:00+24:00'],
    ['an offset has a minute up to 59', '2026-01-31T12:00:00+01:60'],
    ['an offset has a colon', '2026-01-31T12:00:00+0100'],
    ['an offset has minutes', '2026-01-31T12:00:00+01'],
    ['a fraction has digits', '2026-01-31T12:00:00.Z'],
    ['a fraction begins with a point', '2026-01-31T12:00:00,5Z'],
    ['a year has four digits', '12026-01-31T12:00:00Z'],
    ['a year has no sign', '+002026-01-31T12:00:00Z'],
    ['a day has two digits', '2026-01-1T12:00:00Z'],
    ['digits are ASCII', '２026-01-31T12:00:00Z'],
    ['nothing stands around it', ' 2026-01-31T12:00:00Z'],
    ['nothing follows it', '2026-01-31T12:00:00Z\n'],
  ])('is refused: %s (%j)', (_, text) => {
    expect(parseTimestamp(text)).toBeNaN();
    const attributes = { id: '1', source: '/s', type: 't', time: text };
    expect(() => createEvent({ attributes, data: undefined })).toThrow(/^time /);
  });

  it('is read wherever a machine prints it', () => {
    const years = { min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z') };
    fc.assert(
      fc.property(fc.date({ ...years, noInvalidDate: true }), (date) => {
        expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
      }),
    );
  });
});

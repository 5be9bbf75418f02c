import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { parseVerbatim } from '../../core/kernel/exact-numbers.ts';

/** Parsers for option values. Each throws an `InvalidArgumentError`, which ends the command with exit code 2. */

const secondsPerUnit: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** `90`, `90s`, `10m`, `2h` or `1d`, in seconds. */
export function seconds(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)([smhd])?$/.exec(text.trim()) ?? [];
  const factor = secondsPerUnit[unit];
  if (amount === undefined || factor === undefined) {
    throw new InvalidArgumentError('Give a number of seconds, or a duration such as 90s, 10m, 2h or 1d.');
  }
  return Number(amount) * factor;
}

/** Durations separated by commas, such as `5s,30s,2m`, in seconds. */
export function secondsList(text: string): number[] {
  return text.trim() === '' ? [] : text.split(',').map(seconds);
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('Give a number above 0.');
  }
  return value;
}

export function positiveInteger(text: string): number {
  const value = positiveNumber(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError('Give a whole number.');
  return value;
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > 65_535) throw new InvalidArgumentError('Give a port from 0 to 65535.');
  return value;
}

export function httpStatus(text: string): number {
  const value = Number(text);
  if (!/^\d{3}$/.test(text) || value < 200) throw new InvalidArgumentError('Give a status from 200 to 999.');
  return value;
}

export function fraction(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1)) {
    throw new InvalidArgumentError('Give a fraction from 0 to 1.');
  }
  return value;
}

/** An RFC 3339 time, returned as given. */
export function rfc3339(text: string): string {
  if (!/^\d{4}-\d\d-\d\d[Tt].*([Zz]|[+-]\d\d:\d\d)$/.test(text) || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('Give a time with its offset, such as 2026-01-31T12:00:00Z.');
  }
  return text;
}

/** JSON as text, or `@file`. Numbers that JavaScript would write otherwise are kept as raw JSON. */
export function jsonOrFile(text: string): unknown {
  const [source, json] = text.startsWith('@')
    ? [text.slice(1), readText(text.slice(1))]
    : ['The value', text];
  try {
    return parseVerbatim(json);
  } catch (error) {
    throw new InvalidArgumentError(`${source} is not valid JSON: ${messageOf(error)}.`);
  }
}

/** Collects `Name: value` from an option that may be repeated. */
export function header(text: string, soFar: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('Give the header as "Name: value".');
  return { ...soFar, [name]: value };
}

/** A secret, or `@file`: an argument shows in the process list. */
export function secretOrFile(text: string): string {
  return text.startsWith('@') ? readText(text.slice(1)).trim() : text;
}

/** Collects secrets of an option that may be repeated. */
export function severalSecrets(text: string, soFar: readonly string[] = []): string[] {
  return [...soFar, secretOrFile(text)];
}

/** Collects the values of an option that may be repeated. */
export function several(text: string, soFar: readonly string[] = []): string[] {
  return [...soFar, text];
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    throw new InvalidArgumentError(`Cannot read ${path}: ${messageOf(error)}.`);
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

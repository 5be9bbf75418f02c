import type { FieldChange } from '../../core/manifest/differences.ts';
import type { Plan, Step } from '../../core/manifest/plan.ts';
import { jsonText, plain } from '../support/plain.ts';
import type { Output } from '../support/world.ts';

const signs = { create: '+', change: '~', delete: '-' } as const;
const colours = { create: 'green', change: 'yellow', delete: 'red' } as const;

/** A plan for people: a line for each step, and one for each field that it sets. */
export function planText({ steps, declared }: Plan, output: Output): string {
  const lines = steps.flatMap((step) => [
    output.paint(colours[step.action], `${signs[step.action]} ${titleOf(step)}`),
    ...step.fields.map((field) => `    ${fieldText(field)}`),
  ]);
  const left = declared.map((name) => `= ${plain(name)} differs, but is declared in busbar.config.ts`);
  return [...lines, ...left, summary(steps)].map((line) => `${line}\n`).join('');
}

export const titleOf = ({ action, kind, name }: Step): string => `${action} ${kind} ${plain(name)}`;

function fieldText({ path, before, after }: FieldChange): string {
  if (before === undefined) return `${plain(path)}: ${short(after)}`;
  return `${plain(path)}: ${short(before)} -> ${after === undefined ? '(default)' : short(after)}`;
}

const charactersMax = 100;

/** Schemas and filters may be long, and are compared better with other tools. */
function short(value: unknown): string {
  const text = jsonText(value);
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax - 1)}…`;
}

function summary(steps: readonly Step[]): string {
  if (steps.length === 0) return 'Nothing is to be changed.';
  const counts = (['create', 'change', 'delete'] as const)
    .map((action) => ({ action, count: steps.filter((step) => step.action === action).length }))
    .filter(({ count }) => count > 0)
    .map(({ action, count }) => `${count} to ${action}`);
  return `Plan: ${counts.join(', ')}.`;
}

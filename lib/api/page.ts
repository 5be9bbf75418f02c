import { type DescribedCall, tags } from './call.ts';
import { requestNameOf, requestSchemas } from './openapi/requests.ts';

/** The tables of docs/api.md, one for each tag, between `<!-- calls: <tag> -->` and `<!-- end of calls -->`. */

type Schema = ReturnType<typeof requestSchemas>[string];

/** The page with its tables written anew. @throws Error when it lacks the table of a tag, or has one twice. */
export function writeTables(page: string, calls: readonly DescribedCall[]): string {
  const schemas = requestSchemas();
  return Object.keys(tags).reduce((text, tag) => {
    const [before = '', rest, ...more] = text.split(`<!-- calls: ${tag} -->\n`);
    const end = rest?.indexOf(endMark) ?? -1;
    if (rest === undefined || end < 0 || more.length > 0) {
      throw new Error(`docs/api.md needs one <!-- calls: ${tag} --> with an <!-- end of calls --> after it.`);
    }
    const table = tableOf(
      calls.filter((call) => call.tag === tag),
      schemas,
    );
    return `${before}<!-- calls: ${tag} -->\n${table}${rest.slice(end)}`;
  }, page);
}

const endMark = '<!-- end of calls -->';

function tableOf(calls: readonly DescribedCall[], schemas: Readonly<Record<string, Schema>>): string {
  const rows = calls.map((call) => {
    const cells = [callCell(call), whatCell(call), bodyCell(call, schemas), responseCell(call)];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `\n| call | what | body | response |\n|---|---|---|---|\n${rows.join('')}\n`;
}

function callCell({ method, path, query = {} }: DescribedCall): string {
  const names = Object.keys(query).map((name) => `${name}=`);
  return `\`${method} ${path}${names.length > 0 ? `?${names.join('&')}` : ''}\``;
}

function whatCell(call: DescribedCall): string {
  const { summary, description, caller, needs } = call;
  // What most calls need follows from their method: the page says so once.
  const special = needs === undefined || needs === 'nothing' ? [] : [`Needs \`${needs}\``];
  const sentences = [summary, ...(caller === 'anyone' ? ['Without a key'] : special)].map(
    (text) => `${text}.`,
  );
  return escaped([...sentences, ...(description === undefined ? [] : [description])].join(' '));
}

/** The fields of the body: `a?` may be left out, and of `a|b` one must be there. A union has a body for each kind. */
function bodyCell(call: DescribedCall, schemas: Readonly<Record<string, Schema>>): string {
  if (call.body === undefined) return '';
  const name = requestNameOf(call);
  if (name === undefined) return 'events';
  const schema = schemas[name] ?? {};
  const bodies = schema.properties === undefined ? ((schema.oneOf ?? [schema]) as Schema[]) : [schema];
  return escaped(bodies.map(fieldsOf).join(' or '));
}

function fieldsOf(schema: Schema): string {
  const properties = Object.keys(schema.properties ?? {});
  const required = new Set((schema.required ?? []) as string[]);
  const alternatives = alternativesOf(schema);
  const fields = properties.flatMap((field) => {
    const choice = alternatives.find((names) => names.includes(field));
    if (choice !== undefined) return choice[0] === field ? [choice.join('|')] : [];
    return [required.has(field) ? field : `${field}?`];
  });
  return `\`{${fields.join(', ')}}\``;
}

/** The groups of fields of which exactly one must be there. */
function alternativesOf(schema: Schema): string[][] {
  const parts = [schema, ...((schema.allOf ?? []) as Schema[])];
  return parts.flatMap(({ oneOf }) =>
    oneOf === undefined ? [] : [(oneOf as { required: string[] }[]).flatMap(({ required }) => required)],
  );
}

const responseCell = ({ responses }: DescribedCall) =>
  Object.keys(responses)
    .map((status) => `\`${status}\``)
    .join(', ');

/** A bar would end the cell. */
const escaped = (text: string) => text.replaceAll('|', String.raw`\|`);

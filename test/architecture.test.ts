import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Import, importsOf, withoutComments } from './imports.ts';

const root = join(import.meta.dirname, '..');
const files = globSync(['lib/**/*.{ts,tsx}', 'functions/**/*.ts', 'bin/*.ts', 'busbar.config.ts'], {
  cwd: root,
})
  // What is made from the OpenAPI document nobody reads for its own sake.
  .filter((file) => !file.endsWith('.d.ts') && file !== 'lib/console/api/types.ts')
  .sort();
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
const inRooms = (...rooms: string[]) =>
  files.filter((file) => rooms.some((room) => file.startsWith(`${room}/`)));

/** The file that an import of ours leads to, below the root; the package name as it stands for any other. */
const targetOf = (file: string, { from }: Import) =>
  from.startsWith('.') ? normalize(join(dirname(file), from)) : from;

interface Rule {
  readonly room: string;
  /** What may be imported: paths below the root, or packages; a trailing `/` or `*` takes what begins so. */
  readonly may: readonly string[];
  /** What may be imported for its types alone. */
  readonly mayType?: readonly string[];
  /** Files of the room for which another rule holds. */
  readonly except?: readonly string[];
}

/** Who may import whom: section 2 of the design. The first room that a file is in decides. */
const rules: readonly Rule[] = [
  { room: 'lib/core/', may: ['lib/core/', 'zod', 'node:crypto'] },
  {
    room: 'lib/connectors/*/functions/',
    may: [
      'lib/connectors/',
      'functions/middleware/',
      'lib/app/',
      'lib/core/',
      'lib/runtime/',
      '@middy/*',
      'zod',
    ],
    mayType: ['aws-lambda'],
  },
  {
    room: 'lib/connectors/*/stacks/',
    may: [
      'lib/connectors/',
      'lib/stacks/',
      'lib/core/',
      'lib/runtime/config.ts',
      'aws-cdk-lib*',
      'constructs',
    ],
  },
  {
    room: 'lib/connectors/*/cli/',
    may: ['lib/connectors/', 'lib/cli/', 'lib/client/', 'lib/core/', 'commander', 'node:*'],
  },
  { room: 'lib/connectors/cli.ts', may: ['lib/connectors/', 'lib/cli/support/', 'commander'] },
  { room: 'lib/connectors/stacks.ts', may: ['lib/connectors/', 'lib/stacks/kind-construct.ts'] },
  {
    room: 'lib/connectors/',
    may: ['lib/connectors/', 'lib/core/', 'lib/runtime/', 'zod', 'rocketmq-client-nodejs*', 'node:*'],
  },
  {
    room: 'lib/app/',
    may: ['lib/app/', 'lib/core/', 'lib/connectors/kind.ts'],
    mayType: ['lib/runtime/'],
  },
  // Bodies are parsed with, and described from, the schemas of all kinds.
  {
    room: 'lib/api/',
    may: ['lib/api/', 'lib/app/', 'lib/core/', 'lib/connectors/index.ts', 'zod'],
    mayType: ['lib/runtime/'],
  },
  // What bundles load when something is parsed.
  { room: 'lib/runtime/zod.ts', may: ['zod'] },
  {
    room: 'lib/runtime/',
    may: [
      'lib/runtime/',
      'lib/core/',
      '@aws-sdk/*',
      '@smithy/signature-v4',
      'ajv*',
      'jose',
      're2js',
      'node:*',
    ],
  },
  {
    room: 'lib/stacks/',
    may: [
      'lib/stacks/',
      'lib/core/',
      'lib/runtime/config.ts',
      'lib/connectors/',
      'aws-cdk-lib*',
      'cdk-nag',
      'constructs',
      'esbuild',
      'node:*',
    ],
  },
  { room: 'lib/stand-in/engines/', may: ['lib/stand-in/engines/', 'node:*'] },
  { room: 'lib/stand-in/', may: ['lib/stand-in/', 'zod', 'node:*'] },
  {
    room: 'lib/local/',
    may: [
      'lib/local/',
      'lib/stand-in/',
      'lib/core/',
      'lib/runtime/',
      'lib/connectors/',
      'lib/client/',
      'node:*',
    ],
  },
  { room: 'lib/client/dynamodb.ts', may: ['lib/client/', 'node:*', '@aws-sdk/client-dynamodb'] },
  { room: 'lib/client/', may: ['lib/client/', 'node:*'] },
  { room: 'lib/cli/start.ts', may: ['lib/cli/', 'lib/client/', 'lib/local/', 'commander', 'node:*'] },
  // It asks the account, with the credentials of the operator.
  { room: 'lib/cli/smoking/account.ts', may: ['lib/cli/', '@aws-sdk/client-lambda'] },
  {
    room: 'lib/cli/',
    may: ['lib/cli/', 'lib/client/', 'lib/core/', 'lib/connectors/', 'commander', 'yaml', 'node:*'],
  },
  { room: 'lib/console/vite.config.ts', may: ['vite', '@vitejs/plugin-react'] },
  // It speaks only the HTTP API, so it knows nothing of the rest.
  {
    room: 'lib/console/',
    may: ['lib/console/', 'react*', '@tanstack/*', 'uplot*', 'wouter'],
  },
  {
    room: 'functions/middleware/',
    may: ['lib/connectors/', 'lib/core/', 'lib/runtime/'],
    mayType: ['lib/api/', '@middy/core', 'aws-lambda'],
  },
  {
    room: 'functions/',
    may: [
      'functions/middleware/',
      'lib/api/',
      'lib/app/',
      'lib/connectors/',
      'lib/core/',
      'lib/runtime/',
      '@middy/*',
      'zod',
    ],
    mayType: ['aws-lambda'],
  },
  { room: 'bin/app.ts', may: ['busbar.config.ts', 'lib/stacks/', 'aws-cdk-lib'] },
  { room: 'bin/', may: ['lib/cli/', 'node:*'] },
  { room: 'busbar.config.ts', may: ['lib/connectors/declaration.ts'] },
];

const allows = (patterns: readonly string[], target: string) =>
  patterns.some((pattern) =>
    /[*/]$/.test(pattern) ? target.startsWith(pattern.replace(/\*$/, '')) : target === pattern,
  );

/** A `*` in a room stands for one folder. */
const isIn = (room: string, file: string) =>
  new RegExp(`^${room.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}`).test(file);

/** What is wrong with one import, or undefined. */
function violation(file: string, found: Import): string | undefined {
  const rule = rules.find(({ room }) => isIn(room, file));
  const target = targetOf(file, found);
  if (rule === undefined) return `${file} is in no room of the design`;
  if (allows(rule.may, target) || (found.typeOnly && allows(rule.mayType ?? [], target))) return undefined;
  const how = found.typeOnly
    ? 'the types of'
    : allows(rule.mayType ?? [], target)
      ? 'more than types of'
      : '';
  return `${file}:${found.line} imports ${how} ${target}, which ${rule.room} may not`.replace('  ', ' ');
}

describe('the scanner of imports', () => {
  const source = [
    "import type { A } from './a.ts';",
    "import { type B, b } from './b.ts';",
    "import c, * as d from 'c';",
    "import './side-effect.ts';",
    "export { e } from './e.ts';",
    "export type * from './f.ts';",
    'import {',
    '  g,',
    "} from './g.ts';",
    "const h = await import('./h.ts');",
    "// import { x } from './comment.ts';",
    "/* import { x } from './comment.ts'; */",
    'const i = await import(name);',
    "const text = 'import no from nowhere';",
  ].join('\n');

  it('tells static from dynamic, and types from the rest', () => {
    expect(importsOf(source)).toEqual([
      { from: './a.ts', typeOnly: true, line: 1 },
      { from: './b.ts', typeOnly: false, line: 2 },
      { from: 'c', typeOnly: false, line: 3 },
      { from: './side-effect.ts', typeOnly: false, line: 4 },
      { from: './e.ts', typeOnly: false, line: 5 },
      { from: './f.ts', typeOnly: true, line: 6 },
      { from: './g.ts', typeOnly: false, line: 7 },
      { from: './h.ts', typeOnly: false, line: 10 },
      { from: '(computed)', typeOnly: false, line: 13 },
    ]);
  });

  it('leads to files that exist', () => {
    const own = files.flatMap((file) =>
      importsOf(sources.get(file) ?? '')
        .filter(({ from }) => from.startsWith('.'))
        .map((found) => targetOf(file, found)),
    );
    expect(own.length).toBeGreaterThan(500);
    expect(own.filter((target) => !existsSync(join(root, target)))).toEqual([]);
  });
});

describe('who may import whom', () => {
  it.each<[string, Import, string]>([
    [
      'lib/core/event/event.ts',
      { from: '../../runtime/clock.ts', typeOnly: true, line: 1 },
      'lib/runtime/clock.ts, which lib/core/',
    ],
    ['lib/core/event/event.ts', { from: 'node:fs', typeOnly: false, line: 1 }, 'node:fs'],
    [
      'lib/app/publish/publish.ts',
      { from: '../../runtime/http/http.ts', typeOnly: false, line: 1 },
      'more than types of lib/runtime/http/http.ts',
    ],
    [
      'lib/stand-in/engines/sqs/queue.ts',
      { from: '../../../core/kernel/limits.ts', typeOnly: true, line: 1 },
      'lib/core/kernel/limits.ts',
    ],
    [
      'lib/stand-in/stand-in.ts',
      { from: '../runtime/clock.ts', typeOnly: true, line: 1 },
      'lib/runtime/clock.ts',
    ],
    ['functions/publish.ts', { from: './admin.ts', typeOnly: false, line: 1 }, 'functions/admin.ts'],
    ['functions/publish.ts', { from: 'aws-cdk-lib', typeOnly: true, line: 1 }, 'aws-cdk-lib'],
    ['lib/cli/publish.ts', { from: '../local/bus.ts', typeOnly: false, line: 1 }, 'lib/local/bus.ts'],
    ['lib/new-room/x.ts', { from: 'zod', typeOnly: false, line: 1 }, 'in no room'],
  ])('is checked: %s must not have %j', (file, found, message) => {
    expect(violation(file, found)).toContain(message);
  });

  it('holds for every import of every file', () => {
    const violations = files.flatMap((file) =>
      importsOf(sources.get(file) ?? '').flatMap((found) => violation(file, found) ?? []),
    );
    expect(violations).toEqual([]);
  });

  it('lets core hash, and nothing else of node:crypto', () => {
    const hashing = ['createHash', 'createHmac', 'createSecretKey', 'timingSafeEqual'];
    const used = inRooms('lib/core').flatMap((file) =>
      [...(sources.get(file) ?? '').matchAll(/import \{([^}]*)\} from 'node:crypto'/g)].flatMap(
        ([, names = '']) => names.split(',').map((name) => name.trim()),
      ),
    );
    expect(used.length).toBeGreaterThan(0);
    expect(used.filter((name) => !hashing.includes(name))).toEqual([]);
  });
});

/** Every import between files of ours, types included. */
const imports = new Map(
  files.map((file) => [
    file,
    importsOf(sources.get(file) ?? '')
      .map((found) => targetOf(file, found))
      .filter((target) => sources.has(target)),
  ]),
);

/** The groups of nodes that reach each other (Tarjan's strongly connected components of more than one node). */
function cyclesOf(graph: ReadonlyMap<string, Iterable<string>>): string[][] {
  const order = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];
  const visit = (node: string): number => {
    let low = order.size;
    const own = low;
    order.set(node, own);
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    if (low === own) {
      const cycle = stack.splice(stack.indexOf(node));
      if (cycle.length > 1) cycles.push(cycle.sort());
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return cycles;
}

/** The room that a file is in, with the folder below it: `lib/core/hold`. */
const folderOf = (file: string) => file.split('/').slice(0, -1).slice(0, 3).join('/');

function folderGraph(room: string): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [file, targets] of imports) {
    if (!file.startsWith(room)) continue;
    const from = folderOf(file);
    const to = targets.filter((target) => target.startsWith(room)).map(folderOf);
    graph.set(from, new Set([...(graph.get(from) ?? []), ...to.filter((folder) => folder !== from)]));
  }
  return graph;
}

describe('import cycles, types included', () => {
  it('are found', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b', 'd']],
      ['d', []],
    ]);
    expect(cyclesOf(graph)).toEqual([['b', 'c']]);
  });

  it('do not exist between files', () => {
    expect(cyclesOf(imports)).toEqual([]);
  });

  it.each(['lib/core/', 'lib/app/'])('do not exist between the folders of %s', (room) => {
    const graph = folderGraph(room);
    expect(graph.size).toBeGreaterThan(5);
    expect(cyclesOf(graph)).toEqual([]);
  });

  it('and lib/app has no folder that lib/core lacks', () => {
    const nouns = (room: string) => new Set(inRooms(room).map((file) => file.split('/')[2] ?? ''));
    expect([...nouns('lib/app')].filter((noun) => !nouns('lib/core').has(noun))).toEqual([]);
  });
});

describe('time, randomness and the environment are arguments', () => {
  const worldly =
    /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bset(Timeout|Interval|Immediate)\b|\bprocess\.\w+|\bperformance\.|\brandom(UUID|Bytes|Int|FillSync)\b|\bglobalThis\b|(?<![.\w])fetch\(/;

  it.each([
    'Date.now()',
    'new Date()',
    'Math.random()',
    'setTimeout(x, 1)',
    'process.env.X',
    'randomUUID()',
    'fetch(url)',
  ])('and %s would be found', (text) => expect(worldly.test(`const x = ${text};`)).toBe(true));

  it('in core, in app and in the engines of the stand-in', () => {
    const found = inRooms('lib/core', 'lib/app', 'lib/stand-in/engines').flatMap((file) =>
      withoutComments(sources.get(file) ?? '')
        .split('\n')
        .flatMap((line, index) => (worldly.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
    );
    expect(found).toEqual([]);
  });
});

describe('functions', () => {
  const functions = globSync(['functions/*.ts', 'lib/connectors/*/functions/*.ts'], { cwd: root });

  it.each(functions)('%s exports create and handler, and does nothing when it is imported', async (file) => {
    const module = await import(join(root, file));
    expect(Object.keys(module).sort()).toEqual(['create', 'handler']);
    expect(module.create).toBeTypeOf('function');
    expect(module.handler).toBeTypeOf('function');
  });

  it.each(functions)('%s stands in front of a use case of the same name', (file) => {
    const name = file.split('/').at(-1);
    expect(files.filter((other) => other.startsWith('lib/app/') && other.endsWith(`/${name}`))).toHaveLength(
      1,
    );
  });
});

/** Verbs where something is done, nouns where it is described; the same word in every room. */
it.each([
  ['lib/app/publish/publish.ts', 'lib/stacks/publish.ts', 'functions/publish.ts'],
  [
    'lib/core/deliver/delivery.ts',
    'lib/app/deliver/deliver.ts',
    'lib/stacks/delivery.ts',
    'functions/deliver.ts',
    'lib/runtime/stores/deliveries.ts',
  ],
  [
    'lib/core/delay/wait.ts',
    'lib/app/delay/schedule.ts',
    'lib/stacks/schedule.ts',
    'functions/schedule.ts',
    'lib/runtime/aws/schedules.ts',
  ],
  [
    'lib/core/declaration/declaration.ts',
    'lib/app/declaration/declare.ts',
    'lib/stacks/declaration.ts',
    'functions/declare.ts',
  ],
  ['lib/core/routing/routing.ts', 'lib/app/routing/route.ts'],
  ['lib/core/registry/receiver.ts', 'lib/runtime/stores/registry.ts'],
  ['lib/app/registry/admin.ts', 'lib/stacks/admin.ts', 'functions/admin.ts'],
  ['lib/app/access/keys.ts', 'functions/keys.ts', 'lib/runtime/stores/keys.ts'],
])('%s has its counterparts', (...paths) => {
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it('keeps lib/local under 1,000 lines: what knows AWS belongs to the stand-in', () => {
  const lines = inRooms('lib/local').map((file) => (sources.get(file) ?? '').split('\n').length - 1);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.reduce((sum, count) => sum + count, 0)).toBeLessThan(1000);
});

it('has no file of more than 400 lines, so that each is read in one sitting', () => {
  const long = files
    .map((file) => ({ file, lines: (sources.get(file) ?? '').split('\n').length - 1 }))
    .filter(({ lines }) => lines > 400);
  expect(long).toEqual([]);
});

describe('the kinds of receivers', () => {
  const kinds = globSync('lib/connectors/*/', { cwd: root }).map((folder) => folder.split('/')[2] ?? '');
  const outside = files.filter((file) => !file.startsWith('lib/connectors/'));

  it('are found', () => expect(kinds.sort()).toEqual(['rocketmq', 'webhook']));

  it('are named by no file outside lib/connectors', () => {
    const naming = outside.filter((file) => /rocketmq/i.test(withoutComments(sources.get(file) ?? '')));
    expect(naming).toEqual([]);
  });

  it('are imported by no file outside lib/connectors, nor by one another', () => {
    const found = files
      .filter((file) => outside.includes(file) || file.startsWith('lib/connectors/'))
      .flatMap((file) =>
        importsOf(sources.get(file) ?? '').flatMap((each) => {
          const [, kind = ''] = /^lib\/connectors\/([^/]+)\//.exec(targetOf(file, each)) ?? [];
          const isOwn = file.startsWith(`lib/connectors/${kind}/`) || /^lib\/connectors\/[^/]+$/.test(file);
          return kind === '' || isOwn ? [] : [`${file} imports ${kind}`];
        }),
      );
    expect(found).toEqual([]);
  });
});

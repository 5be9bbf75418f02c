import { Argument, type Command, Command as Made, type Option } from 'commander';
import type { Session } from './support/session.ts';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

export function completionCommand({ world }: Session): Command {
  return new Made('completion')
    .description('print what completes commands and options in a shell')
    .addArgument(new Argument('<shell>').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(busbar completion bash)                       # in ~/.bashrc
  source <(busbar completion zsh)                        # in ~/.zshrc, behind compinit
  busbar completion fish > ~/.config/fish/completions/busbar.fish`,
    )
    .action(async (shell: Shell, _, command: Command) => {
      await world.stdout.write(scripts[shell](wordsOf(rootOf(command))));
    });
}

const rootOf = (command: Command): Command => (command.parent === null ? command : rootOf(command.parent));

/** The words that may follow a command, such as `topics put`; the program itself is the empty text. */
interface Words {
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

/** Made from the program, so that no command or option can be missing. */
function wordsOf(program: Command, path: readonly string[] = [], inherited: readonly Option[] = []): Words[] {
  const help = program.createHelp();
  const visible = [...help.visibleOptions(program), ...inherited];
  const commands = help.visibleCommands(program);
  const own: Words = {
    path: path.join(' '),
    commands: commands.flatMap((command) => [command.name(), ...command.aliases()]),
    options: visible.flatMap(({ long, short }) => [long, short].filter((name) => name !== undefined)),
  };
  // Options of the program may stand behind any command; --version only before one.
  const passedOn =
    path.length === 0
      ? visible.filter(({ long }) => !['--help', '--version'].includes(String(long)))
      : inherited;
  return [
    own,
    ...commands
      .filter((command) => command.name() !== 'help')
      .flatMap((command) => wordsOf(command, [...path, command.name()], passedOn)),
  ];
}

/** Names of commands and options are our own: letters, digits and hyphens, which need no quoting. */
const cases = (words: readonly Words[]): string =>
  words
    .map(
      ({ path, commands, options }) => `    '${path}') words='${[...commands, ...options].join(' ')}' ;;\n`,
    )
    .join('');

/** The command so far: every word that is the name of a command below the one before it. */
const paths = (words: readonly Words[]): string =>
  words
    .filter(({ path }) => path !== '')
    .map(({ path }) => `'${path}'`)
    .join('|');

const scripts: Readonly<Record<Shell, (words: readonly Words[]) => string>> = {
  bash: (words) => `_busbar() {
  local at='' word words='' next
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${at:+$at }$word"
    case "$next" in ${paths(words)}) at="$next" ;; esac
  done
  case "$at" in
${cases(words)}  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _busbar busbar
`,
  zsh: (words) => `#compdef busbar
_busbar() {
  local at='' word next choices=''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${at:+$at }$word"
    case "$next" in ${paths(words)}) at="$next" ;; esac
  done
  case "$at" in
${cases(words).replaceAll(") words='", ") choices='")}  esac
  compadd -- \${=choices} || _files
}
compdef _busbar busbar
`,
  fish: (words) => `function __busbar_at
  set -l at ''
  for word in (commandline -opc)[2..]
    set -l next (string trim "$at $word")
    switch "$next"
      case ${paths(words).replaceAll('|', ' ')}
        set at "$next"
    end
  end
  test "$at" = "$argv[1]"
end
${words
  .flatMap(({ path, commands, options }) => {
    const start = `complete -c busbar -n "__busbar_at '${path}'"`;
    return [
      ...(commands.length === 0 ? [] : [`${start} -f -a '${commands.join(' ')}'`]),
      ...options.map((name) =>
        name.startsWith('--') ? `${start} -l ${name.slice(2)}` : `${start} -s ${name.slice(1)}`,
      ),
    ];
  })
  .map((line) => `${line}\n`)
  .join('')}`,
};

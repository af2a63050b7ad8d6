// `esauth completion bash`: a script for the shell, made from the same table as the help.

import { commonFlags, type Flag } from '../arguments/flags.js';
import { exitCodes, UsageError } from '../terminal/exit.js';
import type { Command } from './command.js';

/** @param all commands there are, when it is asked */
export function createCompletion(all: () => readonly Command[]): Command {
  return {
    name: 'completion',
    usage: 'bash',
    about: 'print what completes commands and flags: source <(esauth completion bash)',
    flags: commonFlags,
    async run(io, { words }) {
      if (words.length !== 1 || words[0] !== 'bash') {
        throw new UsageError('usage', 'for which shell? esauth completion bash');
      }
      io.stdout.write(scriptOf(all()));
      return exitCodes.yes;
    },
  };
}

function scriptOf(commands: readonly Command[]): string {
  const flagsOf = ({ flags }: Command) => Object.keys(flags).map((name) => `--${name}`);
  const withFlags = commands.filter((command) => flagsOf(command).length > 0);
  const all = new Map<string, Flag>(commands.flatMap(({ flags }) => Object.entries(flags)));
  const names = (wanted: (flag: Flag) => boolean) =>
    [...all].filter(([, flag]) => wanted(flag)).map(([name]) => `--${name}`);
  const files = names(({ isFile }) => isFile === true).join('|');
  const others = names(({ takes, isFile }) => takes !== undefined && isFile !== true).join('|');
  return `# bash completion of esauth; put it where it is read, or: source <(esauth completion bash)
_esauth() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" flags=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(' ')} help --help --version" -- "$current"))
    return
  fi
  case "$previous" in
    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${others}) return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${withFlags.map((command) => `    ${command.name}) flags="${flagsOf(command).join(' ')}" ;;`).join('\n')}
    help) flags="${commands.map(({ name }) => name).join(' ')}" ;;
  esac
  [ "\${COMP_WORDS[1]}" = completion ] && flags="$flags bash"
  COMPREPLY=($(compgen -W "$flags" -- "$current"))
}
complete -o filenames -o bashdefault -F _esauth esauth
`;
}

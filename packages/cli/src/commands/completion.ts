import type { Command } from "commander";
import type { Context } from "../base/context.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

/** What can follow the words typed so far: for example, `server` is followed by `init`, `start`, … */
interface Choices {
  /** The words, without `muxi`. */
  path: string;
  commands: readonly Command[];
  options: readonly string[];
}

const longOptions = (command: Command): string[] =>
  command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long }) => (long ? [long] : []));

const walk = (command: Command, path: string): Choices[] => {
  const commands = command.createHelp().visibleCommands(command);
  return [
    { path, commands, options: longOptions(command) },
    ...commands.flatMap((child) => walk(child, `${path} ${child.name()}`.trim())),
  ];
};

const wordsOf = ({ commands, options }: Choices): string =>
  [...commands.map((command) => command.name()), ...options].join(" ");

/** The words that are not flags name the command. If no word matches, file names are completed. */
const bash = (choices: readonly Choices[]): string => `_muxi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || path="\${path:+$path }$word"
  done
  # An argument, such as a formation's id, is not a command: go back to the command before it.
  while :; do
    case "$path" in
${choices.map((choice) => `      "${choice.path}") words="${wordsOf(choice)}"; break ;;`).join("\n")}
    esac
    [[ $path == *" "* ]] && path="\${path% *}" || path=""
  done
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _muxi muxi
`;

const zsh = (choices: readonly Choices[]): string => `#compdef muxi
autoload -Uz bashcompinit && bashcompinit
${bash(choices)}`;

const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;

const fish = (choices: readonly Choices[]): string =>
  [
    "function __muxi_at",
    "  set -l words",
    "  for word in (commandline -opc)[2..-1]",
    "    string match -q -- '-*' $word; or set -a words $word",
    "  end",
    '  test "$words" = "$argv"',
    "end",
    ...choices.flatMap(({ path, commands, options }) => {
      const condition = `-n ${quoted(`__muxi_at ${path}`)}`;
      return [
        ...commands.map(
          (command) =>
            `complete -c muxi ${condition} -a ${command.name()} -d ${quoted(command.description())}`,
        ),
        ...options.map((option) => `complete -c muxi ${condition} -l ${option.slice(2)}`),
      ];
    }),
    "",
  ].join("\n");

const scripts: Readonly<Record<Shell, (choices: readonly Choices[]) => string>> = { bash, zsh, fish };

/** `muxi completion`: prints a script for the shell to load when it starts. */
export const completion = ({ stdout }: Context, program: Command, shell: Shell): number => {
  stdout.write(scripts[shell](walk(program, "")));
  return 0;
};

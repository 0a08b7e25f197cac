import type { Writable } from "node:stream";
import { CliError } from "../../base/errors.ts";
import { printable } from "../../terminal/index.ts";
import type { Chat } from "./answer.ts";

interface SlashCommand {
  usage: string;
  help: string;
  /** Returns the chat to continue with, or "exit". */
  run(chat: Chat, argument: string, output: Writable): Promise<Chat | "exit"> | Chat | "exit";
}

const clearScreen = "\u001b[2J\u001b[3J\u001b[H";
const historyLength = 50;

const agentsOf = ({ formation }: Chat) => formation.getAgents();

const commands: Readonly<Record<string, SlashCommand>> = {
  help: {
    usage: "/help",
    help: "list the commands",
    run(chat, _, output) {
      for (const { usage, help } of Object.values(commands)) output.write(`  ${usage.padEnd(12)}  ${help}\n`);
      return chat;
    },
  },
  exit: { usage: "/exit", help: "end the conversation", run: () => "exit" },
  clear: {
    usage: "/clear",
    help: "clear the screen and start a new session",
    run(chat, _, output) {
      output.write(clearScreen);
      return { ...chat, sessionId: undefined };
    },
  },
  session: {
    usage: "/session",
    help: "show the session id",
    run(chat, _, output) {
      output.write(`${chat.sessionId ?? "The session starts with your first message"}\n`);
      return chat;
    },
  },
  agents: {
    usage: "/agents",
    help: "list the agents",
    async run(chat, _, output) {
      for (const { id, description } of await agentsOf(chat)) {
        output.write(`  ${id === chat.agentId ? "*" : " "} ${id}  ${printable(description)}\n`);
      }
      return chat;
    },
  },
  agent: {
    usage: "/agent <id>",
    help: "talk to this agent; without an id, let the formation choose",
    async run(chat, id, output) {
      if (id === "") {
        output.write("The formation chooses which agent answers\n");
        return { ...chat, agentId: undefined };
      }
      const known = (await agentsOf(chat)).map((agent) => agent.id);
      if (!known.includes(id))
        throw new CliError(`There is no agent '${id}'`, { detail: [known.join(", ")] });
      output.write(`${id} answers from now on\n`);
      return { ...chat, agentId: id };
    },
  },
  history: {
    usage: "/history",
    help: "show the messages of this session",
    async run(chat, _, output) {
      const { sessionId } = chat;
      if (sessionId === undefined) {
        output.write("There are no messages yet\n");
        return chat;
      }
      const { messages } = await chat.formation.getSessionMessages({ sessionId, limit: historyLength });
      for (const { role, content } of messages)
        output.write(`${role === "user" ? "›" : " "} ${printable(content)}\n`);
      return chat;
    },
  },
};

/** What the beginning of a command may be completed to: its name, and the ids of agents. */
export const completions = async (chat: Chat, line: string): Promise<string[]> => {
  if (!line.startsWith("/")) return [];
  const known = line.startsWith("/agent ")
    ? (await agentsOf(chat)).map(({ id }) => `/agent ${id}`)
    : Object.keys(commands).map((name) => `/${name}`);
  return known.filter((command) => command.startsWith(line));
};

/**
 * Runs `/command argument`.
 *
 * @throws CliError when there is no such command.
 */
export const runSlashCommand = async (
  chat: Chat,
  input: string,
  output: Writable,
): Promise<Chat | "exit"> => {
  const [name = "", ...rest] = input.slice(1).split(/\s+/);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) throw new CliError(`There is no command /${name}`, { hint: "/help lists the commands" });
  return command.run(chat, rest.join(" "), output);
};

import type { Command } from "commander";
import type { TriggerOptions, ViewName, ViewOptions } from "../commands/views/index.ts";
import { outputOption, type Registration, targetOption } from "./options.ts";

const views: Readonly<Record<ViewName, { argument?: string; alias?: string; description: string }>> = {
  info: { description: "show what a running formation is, and how busy" },
  agents: { argument: "agent", description: "list its agents, or show one" },
  mcp: { argument: "server", description: "list its MCP servers, or show one" },
  sops: { argument: "sop", description: "list its procedures, or show one" },
  triggers: { argument: "trigger", description: "list its triggers, or show one" },
  sessions: { argument: "session", description: "list a user's sessions, or show what was said in one" },
  requests: { argument: "request", description: "list the requests of the last minutes, or show one" },
  jobs: { argument: "job", alias: "scheduler", description: "list what is scheduled, or show one job" },
  memory: { description: "list what is remembered of a user, the newest first" },
  credentials: { description: "list the credentials that a user stored, masked" },
  audit: { description: "list who changed what in a formation" },
};

const isView = (name: string): name is ViewName => Object.hasOwn(views, name);

/** What a running formation is made of and what it does. */
export const addViewCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/views/index.ts");
  const withTarget = (command: Command): Command =>
    command
      .addOption(targetOption())
      .option("-p, --profile <name>", "server on which it is deployed")
      .option("--draft", "only the one that 'up' has started", false)
      .option("-u, --user <id>", "whose")
      .addOption(outputOption());

  for (const [name, { argument, alias, description }] of Object.entries(views)) {
    if (!isView(name)) continue;
    const command = program.command(argument === undefined ? name : `${name} [${argument}]`);
    if (alias !== undefined) command.alias(alias);
    withTarget(command.description(description));
    if (argument === undefined) {
      command.action((options: ViewOptions) =>
        run(async () => (await load()).view(context, name, undefined, options)),
      );
    } else {
      command.action((one: string | undefined, options: ViewOptions) =>
        run(async () => (await load()).view(context, name, one, options)),
      );
    }
  }
  withTarget(program.command("trigger <name>").description("let a trigger act on data"))
    .option("--data <json>", "its data, as JSON or @file", "{}")
    .option("-s, --session <id>", "session to do it in")
    .option("--async", "do not wait for the result", false)
    .action((name: string, options: TriggerOptions) =>
      run(async () => (await load()).trigger(context, name, options)),
    );
};

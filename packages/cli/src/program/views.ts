import type { Command } from "commander";
import type { TriggerOptions, ViewName, ViewOptions } from "../commands/views/index.ts";
import { outputOption, type Registration, targetOption } from "./options.ts";

const views: Readonly<Record<ViewName, { argument?: string; alias?: string; description: string }>> = {
  info: { description: "show the status of a running formation" },
  agents: { argument: "agent", description: "list its agents, or show one" },
  mcp: { argument: "server", description: "list its MCP servers, or show one" },
  sops: { argument: "sop", description: "list its procedures, or show one" },
  triggers: { argument: "trigger", description: "list its triggers, or show one" },
  sessions: { argument: "session", description: "list a user's sessions, or show the messages of one" },
  requests: { argument: "request", description: "list recent requests, or show one" },
  jobs: { argument: "job", alias: "scheduler", description: "list scheduled jobs, or show one" },
  memory: { description: "list what is remembered about a user, newest first" },
  credentials: { description: "list the credentials that a user has stored, masked" },
  audit: { description: "list the changes made to a formation" },
};

const isView = (name: string): name is ViewName => Object.hasOwn(views, name);

/** The commands that show parts of a running formation. */
export const addViewCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/views/index.ts");
  const withTarget = (command: Command): Command =>
    command
      .addOption(targetOption())
      .option("-p, --profile <name>", "server that it is deployed on")
      .option("--draft", "only a formation started by 'up'", false)
      .option("-u, --user <id>", "user whose data to show")
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
  withTarget(program.command("trigger <name>").description("fire a trigger"))
    .option("--data <json>", "data for the trigger, as JSON or @file", "{}")
    .option("-s, --session <id>", "session to run it in")
    .option("--async", "do not wait for the result", false)
    .action((name: string, options: TriggerOptions) =>
      run(async () => (await load()).trigger(context, name, options)),
    );
};

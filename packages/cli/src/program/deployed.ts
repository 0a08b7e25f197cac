import { type Command, Option } from "commander";
import type { DeployOptions } from "../commands/deploy/index.ts";
import type {
  DeployedOptions,
  ForceOptions,
  GetOptions,
  ListOptions,
  LogsOptions,
} from "../commands/deployed/index.ts";
import type { DownloadOptions } from "../commands/download.ts";
import type { EventLogOptions } from "../commands/logs.ts";
import {
  forceOption,
  logLevels,
  outputOption,
  parseCount,
  profileOption,
  type Registration,
  targetOption,
} from "./options.ts";

/** `deploy`, and the commands for deployed formations. */
export const addDeployedCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/deployed/index.ts");

  program
    .command("deploy [folder]")
    .description("deploy a formation to a server, or update one that is deployed there")
    .addOption(profileOption())
    .option("--dry-run", "create the bundle without sending it", false)
    .option("--no-stream", "wait for the result without showing the steps")
    .option("--include-db", "include memory.db in the bundle", false)
    .option("--no-check", "do not wait for its MCP servers; models are checked all the same")
    .option("-f, --force", "deploy it whatever the check finds", false)
    .addOption(new Option("--path <folder>", "the same as [folder]").hideHelp())
    .addOption(outputOption())
    .action((folder: string | undefined, { path, ...options }: DeployOptions & { path?: string }) =>
      run(async () => (await import("../commands/deploy/index.ts")).deploy(context, folder ?? path, options)),
    );

  /** The verbs exist in the group `remote` and, hidden, at the top level (docs/spec/cli.md "muxi remote"). */
  const addVerbs = (parent: Command, hidden: boolean): void => {
    const verb = (name: string, description: string): Command =>
      parent
        .command(`${name} [formation]`, { hidden })
        .description(description)
        .addOption(profileOption())
        .addOption(outputOption());
    verb("get", "show a formation")
      .option("-v, --verbose", "also show port and process", false)
      .action((id: string | undefined, options: GetOptions) =>
        run(async () => (await load()).get(context, id, options)),
      );
    verb("start", "start a stopped formation").action((id: string | undefined, options: DeployedOptions) =>
      run(async () => (await load()).start(context, id, options)),
    );
    verb("stop", "stop a formation; it stays deployed")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).stop(context, id, options)),
      );
    verb("restart", "restart a formation")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).restart(context, id, options)),
      );
    verb("rollback", "go back to the previous version")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).rollback(context, id, options)),
      );
    verb("delete", "delete a formation with all its data")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).remove(context, id, options)),
      );
  };

  const remote = program.command("remote").description("manage the formations of a server");
  remote
    .command("list")
    .alias("ls")
    .description("list the deployed formations")
    .option("--status <status>", "only those with this status, for example running")
    .addOption(profileOption())
    .addOption(outputOption())
    .action((options: ListOptions) => run(async () => (await load()).list(context, options)));
  addVerbs(remote, false);
  remote
    .command("logs [formation]")
    .description("show the output of a formation's process")
    .addOption(new Option("-n, --lines <count>", "number of lines").argParser(parseCount).default(100))
    .addOption(
      new Option("--stream <name>", "output to show").choices(["stdout", "stderr", "all"]).default("all"),
    )
    .option("-f, --follow", "keep following until Ctrl+C", false)
    .addOption(profileOption())
    .addOption(outputOption())
    .action((id: string | undefined, options: LogsOptions) =>
      run(async () => (await load()).logs(context, id, options)),
    );
  addVerbs(program, true);
  const logs = program
    .command("logs [formation]")
    .description("follow a formation's events, by at least one filter, or show its process's output")
    .addOption(targetOption())
    .addOption(profileOption())
    .option("--draft", "only a formation started by 'up'", false)
    .option("-u, --user <id>", "events of this user")
    .option("-s, --session <id>", "events of this session")
    .option("--request <id>", "events of this request")
    .option("--agent <id>", "events of this agent")
    .addOption(new Option("--level <level>", "events of this level").choices([...logLevels]))
    .option("--event <name>", "events of this name (* matches anything)")
    .option("--follow", "follow the process's output until Ctrl+C (as remote logs)", false)
    .addOption(new Option("-n, --lines <count>", "show the last lines of its output").argParser(parseCount))
    .addOption(outputOption());
  logs.action((id: string | undefined, options: EventLogOptions) =>
    run(async () =>
      (await import("../commands/logs.ts")).logs(context, id, options, () => logs.outputHelp()),
    ),
  );
  program
    .command("download [formation]")
    .description("download the files of a deployed formation")
    .addOption(profileOption())
    .addOption(forceOption())
    .option("--include-db", "include memory.db", false)
    .addOption(outputOption())
    .action((id: string | undefined, options: DownloadOptions) =>
      run(async () => (await import("../commands/download.ts")).download(context, id, options)),
    );
};

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

/** `deploy`, and what is done with formations that are deployed. */
export const addDeployedCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/deployed/index.ts");

  program
    .command("deploy [folder]")
    .description("send a formation to a server: a new one, or the next version of one that runs there")
    .addOption(profileOption())
    .option("--dry-run", "make the bundle and send nothing", false)
    .option("--no-stream", "wait for the end without showing the steps")
    .option("--include-db", "send memory.db along", false)
    .addOption(new Option("--path <folder>", "the same as [folder]").hideHelp())
    .addOption(outputOption())
    .action((folder: string | undefined, { path, ...options }: DeployOptions & { path?: string }) =>
      run(async () => (await import("../commands/deploy/index.ts")).deploy(context, folder ?? path, options)),
    );

  /**
   * The same verbs stand in the group `remote` and, for the formation of a folder, alone (docs/spec/cli.md
   * "muxi remote").
   */
  const addVerbs = (parent: Command, hidden: boolean): void => {
    const verb = (name: string, description: string): Command =>
      parent
        .command(`${name} [formation]`, { hidden })
        .description(description)
        .addOption(profileOption())
        .addOption(outputOption());
    verb("get", "show one formation")
      .option("-v, --verbose", "port and process too", false)
      .action((id: string | undefined, options: GetOptions) =>
        run(async () => (await load()).get(context, id, options)),
      );
    verb("start", "start one that was stopped").action((id: string | undefined, options: DeployedOptions) =>
      run(async () => (await load()).start(context, id, options)),
    );
    verb("stop", "stop one; it stays deployed")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).stop(context, id, options)),
      );
    verb("restart", "stop one and start it again")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).restart(context, id, options)),
      );
    verb("rollback", "go back to the version before")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).rollback(context, id, options)),
      );
    verb("delete", "remove one with all its data")
      .addOption(forceOption())
      .action((id: string | undefined, options: ForceOptions) =>
        run(async () => (await load()).remove(context, id, options)),
      );
  };

  const remote = program.command("remote").description("manage the formations of a server");
  remote
    .command("list")
    .alias("ls")
    .description("list them")
    .option("--status <status>", "only those with this status, such as running")
    .addOption(profileOption())
    .addOption(outputOption())
    .action((options: ListOptions) => run(async () => (await load()).list(context, options)));
  addVerbs(remote, false);
  remote
    .command("logs [formation]")
    .description("show what one prints")
    .addOption(new Option("-n, --lines <count>", "how many lines").argParser(parseCount).default(100))
    .addOption(
      new Option("--stream <name>", "which output").choices(["stdout", "stderr", "all"]).default("all"),
    )
    .option("-f, --follow", "go on until Ctrl+C", false)
    .addOption(profileOption())
    .addOption(outputOption())
    .action((id: string | undefined, options: LogsOptions) =>
      run(async () => (await load()).logs(context, id, options)),
    );
  addVerbs(program, true);
  const logs = program
    .command("logs [formation]")
    .description("follow what happens in a formation, by at least one filter, or what its process prints")
    .addOption(targetOption())
    .addOption(profileOption())
    .option("--draft", "only the one that 'up' has started", false)
    .option("-u, --user <id>", "events of this user")
    .option("-s, --session <id>", "events of this session")
    .option("--request <id>", "events of this request")
    .option("--agent <id>", "events of this agent")
    .addOption(new Option("--level <level>", "events of this level").choices([...logLevels]))
    .option("--event <name>", "events of this name, which may hold *")
    .option("--follow", "what the process prints, until Ctrl+C (as remote logs)", false)
    .addOption(new Option("-n, --lines <count>", "its last lines").argParser(parseCount))
    .addOption(outputOption());
  logs.action((id: string | undefined, options: EventLogOptions) =>
    run(async () =>
      (await import("../commands/logs.ts")).logs(context, id, options, () => logs.outputHelp()),
    ),
  );
  program
    .command("download [formation]")
    .description("fetch the files of a deployed formation")
    .addOption(profileOption())
    .addOption(forceOption())
    .option("--include-db", "fetch memory.db too", false)
    .addOption(outputOption())
    .action((id: string | undefined, options: DownloadOptions) =>
      run(async () => (await import("../commands/download.ts")).download(context, id, options)),
    );
};

import { Argument } from "commander";
import type {
  ServerInitOptions,
  ServerStartOptions,
  ServerStatusOptions,
  ServerStopOptions,
} from "../commands/server.ts";
import { outputOption, portOption, type Registration } from "./options.ts";

/** The commands for the server of this machine. */
export const addServerCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/server.ts");
  const server = program.command("server").description("manage the MUXI server of this machine");
  server
    .command("init")
    .description("create its settings with new credentials, which are shown once")
    .addOption(portOption())
    .option("--host <address>", "address to listen on (default: 0.0.0.0, all addresses of this machine)")
    .option("--yes", "ask no questions and use defaults", false)
    .option("-f, --force", "replace existing settings and their credentials", false)
    .addOption(outputOption())
    .action((options: ServerInitOptions) => run(async () => (await load()).serverInit(context, options)));
  server
    .command("version")
    .description("print its version")
    .action(() => run(async () => (await load()).serverVersion(context)));
  server
    .command("config")
    .description("show its settings")
    .addArgument(new Argument("[show]").choices(["show"]))
    .action(() => run(async () => (await load()).serverConfig(context)));
  server
    .command("start")
    .description("start it in the foreground, or in the background")
    .addOption(portOption())
    .addOption(outputOption())
    .option("--daemon", "start it in the background", false)
    .action((options: ServerStartOptions) => run(async () => (await load()).serverStart(context, options)));
  server
    .command("stop")
    .description("stop it and all its formations")
    .addOption(outputOption())
    .action((options: ServerStopOptions) => run(async () => (await load()).serverStop(context, options)));
  server
    .command("status")
    .description("show whether it is running, and its formations")
    .addOption(portOption())
    .addOption(outputOption())
    .action((options: ServerStatusOptions) => run(async () => (await load()).serverStatus(context, options)));
};

import { Argument } from "commander";
import type {
  ServerInitOptions,
  ServerStartOptions,
  ServerStatusOptions,
  ServerStopOptions,
} from "../commands/server.ts";
import { outputOption, portOption, type Registration } from "./options.ts";

/** The server of this machine. */
export const addServerCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/server.ts");
  const server = program.command("server").description("run the MUXI server of this machine");
  server
    .command("init")
    .description("write its settings with new credentials, and show them once")
    .addOption(portOption())
    .option("--host <address>", "address to listen on (default: 0.0.0.0, every one of this machine)")
    .option("--yes", "ask nothing and take defaults", false)
    .option("-f, --force", "replace settings that are there, and their credentials", false)
    .addOption(outputOption())
    .action((options: ServerInitOptions) => run(async () => (await load()).serverInit(context, options)));
  server
    .command("version")
    .description("print its version")
    .action(() => run(async () => (await load()).serverVersion(context)));
  server
    .command("config")
    .description("show the settings that it starts with")
    .addArgument(new Argument("[show]").choices(["show"]))
    .action(() => run(async () => (await load()).serverConfig(context)));
  server
    .command("start")
    .description("start it on this terminal, or in the background")
    .addOption(portOption())
    .addOption(outputOption())
    .option("--daemon", "in the background", false)
    .action((options: ServerStartOptions) => run(async () => (await load()).serverStart(context, options)));
  server
    .command("stop")
    .description("stop it, and every formation on it")
    .addOption(outputOption())
    .action((options: ServerStopOptions) => run(async () => (await load()).serverStop(context, options)));
  server
    .command("status")
    .description("show whether it runs, and what on it")
    .addOption(portOption())
    .addOption(outputOption())
    .action((options: ServerStatusOptions) => run(async () => (await load()).serverStatus(context, options)));
};

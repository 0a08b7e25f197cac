import { Option } from "commander";
import type {
  SecretsListOptions,
  SecretsOptions,
  SetupOptions,
  SyncOptions,
} from "../commands/secrets/index.ts";
import { outputOption, type Registration, targetOption } from "./options.ts";

/** The secrets of a formation. */
export const addSecretsCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/secrets/index.ts");
  const secrets = program.command("secrets").description("keep keys and passwords of a formation, encrypted");
  secrets
    .command("list")
    .description("list their names, and those that are missing")
    .addOption(new Option("--with-values", "show the values too").default(false).conflicts("remote"))
    .option("--remote", "those of the formation that runs, masked", false)
    .addOption(targetOption())
    .option("-p, --profile <name>", "server on which it is deployed")
    .addOption(outputOption())
    .action((options: SecretsListOptions) => run(async () => (await load()).listSecrets(context, options)));
  secrets
    .command("get <name>")
    .description("print one")
    .addOption(outputOption())
    .action((name: string, options: SecretsOptions) =>
      run(async () => (await load()).getSecret(context, name, options)),
    );
  secrets
    .command("set <name> [value]")
    .description(
      "store one; without a value it is asked for or read from a pipe, which keeps it out of the history",
    )
    .addOption(new Option("--stdin", "read the value from a pipe, as without a value").hideHelp())
    .addOption(outputOption())
    .action((name: string, value: string | undefined, options: SecretsOptions) =>
      run(async () => (await load()).setSecret(context, name, value, options)),
    );
  secrets
    .command("delete <name>")
    .description("remove one")
    .addOption(outputOption())
    .action((name: string, options: SecretsOptions) =>
      run(async () => (await load()).deleteSecret(context, name, options)),
    );
  secrets
    .command("setup")
    .description("ask for every one that the formation refers to and that is not set")
    .option("--dry-run", "only tell which", false)
    .addOption(outputOption())
    .action((options: SetupOptions) => run(async () => (await load()).setupSecrets(context, options)));
  secrets
    .command("sync")
    .description("make the file 'secrets' list what the formation refers to")
    .option("-i, --interactive", "ask before a name is removed", false)
    .option("--dry-run", "only tell what would change", false)
    .option("--no-setup", "do not ask for values that are missing")
    .addOption(outputOption())
    .action((options: SyncOptions) => run(async () => (await load()).syncSecrets(context, options)));
};

import { Option } from "commander";
import type {
  SecretsListOptions,
  SecretsOptions,
  SetupOptions,
  SyncOptions,
} from "../commands/secrets/index.ts";
import { outputOption, type Registration, targetOption } from "./options.ts";

/** The commands for the secrets of a formation. */
export const addSecretsCommands = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/secrets/index.ts");
  const secrets = program.command("secrets").description("manage a formation's secrets, stored encrypted");
  secrets
    .command("list")
    .description("list the names of secrets, including missing ones")
    .addOption(new Option("--with-values", "also show the values").default(false).conflicts("remote"))
    .option("--remote", "list those of the running formation, masked", false)
    .addOption(targetOption())
    .option("-p, --profile <name>", "server that it is deployed on")
    .addOption(outputOption())
    .action((options: SecretsListOptions) => run(async () => (await load()).listSecrets(context, options)));
  secrets
    .command("get <name>")
    .description("print a secret")
    .addOption(outputOption())
    .action((name: string, options: SecretsOptions) =>
      run(async () => (await load()).getSecret(context, name, options)),
    );
  secrets
    .command("set <name> [value]")
    .description("store a secret; a value that is prompted for or piped in stays out of the shell history")
    .addOption(new Option("--stdin", "read the value from a pipe (the default without a value)").hideHelp())
    .addOption(outputOption())
    .action((name: string, value: string | undefined, options: SecretsOptions) =>
      run(async () => (await load()).setSecret(context, name, value, options)),
    );
  secrets
    .command("delete <name>")
    .description("delete a secret")
    .addOption(outputOption())
    .action((name: string, options: SecretsOptions) =>
      run(async () => (await load()).deleteSecret(context, name, options)),
    );
  secrets
    .command("setup")
    .description("ask for all secrets that the formation needs and that are not set")
    .option("--dry-run", "only show which", false)
    .addOption(outputOption())
    .action((options: SetupOptions) => run(async () => (await load()).setupSecrets(context, options)));
  secrets
    .command("sync")
    .description("update the file 'secrets' to list what the formation refers to")
    .option("-i, --interactive", "ask before removing a name", false)
    .option("--dry-run", "only show what would change", false)
    .option("--no-setup", "do not ask for missing values")
    .addOption(outputOption())
    .action((options: SyncOptions) => run(async () => (await load()).syncSecrets(context, options)));
};

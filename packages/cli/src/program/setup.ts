import { Argument, type Command } from "commander";
import type { AddProfileOptions, PingOptions, ProfilesOptions } from "../commands/profiles.ts";
import type { OutputFormat } from "../ui/index.ts";
import { forceOption, outputOption, parseCount, profileOption, type Registration } from "./options.ts";

interface Output {
  output: OutputFormat;
}

const addProfiles = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/profiles.ts");
  const profiles = program
    .command("profiles")
    .alias("profile")
    .description("name the servers that you manage, with their credentials");
  profiles
    .command("add [name]")
    .description("add one, once it was reached with its credentials; asks for what you do not give")
    .option("--url <url>", "where it is, such as http://localhost:7890")
    .option("--key-id <id>", "id of its key, muxi_pk_...")
    .option("--secret-key <secret>", "the secret, muxi_sk_... (or set MUXI_SECRET_KEY)")
    .option("--default", "make it the default", false)
    .addOption(outputOption())
    .action((name: string | undefined, options: AddProfileOptions) =>
      run(async () => (await load()).addProfile(context, name, options)),
    );
  profiles
    .command("list")
    .alias("ls")
    .description("list them, and which can be reached; * marks the default")
    .addOption(outputOption())
    .action((options: ProfilesOptions) => run(async () => (await load()).listProfiles(context, options)));
  profiles
    .command("remove [name]")
    .alias("rm")
    .description("forget one; asks which when you do not say")
    .addOption(forceOption())
    .addOption(outputOption())
    .action((name: string | undefined, options: ProfilesOptions & { force: boolean }) =>
      run(async () => (await load()).deleteProfile(context, name, options)),
    );
  profiles
    .command("use <name>")
    .description("make one the default")
    .addOption(outputOption())
    .action((name: string, options: ProfilesOptions) =>
      run(async () => (await load()).useProfile(context, name, options)),
    );
  profiles
    .command("status")
    .description("show how a server is")
    .addOption(profileOption())
    .addOption(outputOption())
    .action((options: PingOptions) => run(async () => (await load()).profileStatus(context, options)));
  profiles
    .command("ping")
    .description("measure how fast a server answers, until Ctrl+C")
    .addOption(profileOption())
    .option("-c, --count <count>", "stop after so many", parseCount)
    .addOption(outputOption())
    .action((options: PingOptions) => run(async () => (await load()).pingProfile(context, options)));
};

const addSet = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/set.ts");
  const set = program.command("set").description("set a default, or what counts for this formation");
  const byDefault = set.command("default").description("for everything that you do");
  const setter = (parent: Command, name: string, description: string) =>
    parent.command(name).description(description).addOption(outputOption());
  setter(byDefault, "profile <name>", "server to manage").action((name: string, options: Output) =>
    run(async () => (await import("../commands/profiles.ts")).useProfile(context, name, options)),
  );
  setter(byDefault, "user <id>", "who talks to formations").action((id: string, options: Output) =>
    run(async () => (await load()).setDefaultUserId(context, id, options)),
  );
  for (const [setting, description] of [
    ["profile", "server that this formation is deployed to"],
    ["user", "who talks to this formation"],
    ["registry", "registry of this formation"],
  ] as const) {
    setter(set, `${setting} <value>`, description).action((value: string, options: Output) =>
      run(async () => (await load()).setForFormation(context, setting, value, options)),
    );
  }
};

/** Which servers there are, what counts by default, and the shell. */
export const addSetupCommands = (registration: Registration): void => {
  addProfiles(registration);
  addSet(registration);
  const { program, context, run } = registration;
  program
    .command("completion")
    .description("print the script with which a shell completes commands")
    .addArgument(new Argument("<shell>").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  $ muxi completion bash >> ~/.bashrc
  $ muxi completion zsh >> ~/.zshrc
  $ muxi completion fish > ~/.config/fish/completions/muxi.fish
`,
    )
    .action((shell: "bash" | "zsh" | "fish") =>
      run(async () => (await import("../commands/completion.ts")).completion(context, program, shell)),
    );
};

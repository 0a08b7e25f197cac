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
    .description("manage named servers and their credentials");
  profiles
    .command("add [name]")
    .description("add a profile after testing it; asks for what you do not give")
    .option("--url <url>", "address, for example http://localhost:7890")
    .option("--key-id <id>", "key id, muxi_pk_...")
    .option("--secret-key <secret>", "secret key, muxi_sk_... (or set MUXI_SECRET_KEY)")
    .option("--default", "make it the default", false)
    .addOption(outputOption())
    .action((name: string | undefined, options: AddProfileOptions) =>
      run(async () => (await load()).addProfile(context, name, options)),
    );
  profiles
    .command("list")
    .alias("ls")
    .description("list the profiles and their status; * marks the default")
    .addOption(outputOption())
    .action((options: ProfilesOptions) => run(async () => (await load()).listProfiles(context, options)));
  profiles
    .command("remove [name]")
    .alias("rm")
    .description("remove a profile; asks which if you do not say")
    .addOption(forceOption())
    .addOption(outputOption())
    .action((name: string | undefined, options: ProfilesOptions & { force: boolean }) =>
      run(async () => (await load()).deleteProfile(context, name, options)),
    );
  profiles
    .command("use <name>")
    .description("make a profile the default")
    .addOption(outputOption())
    .action((name: string, options: ProfilesOptions) =>
      run(async () => (await load()).useProfile(context, name, options)),
    );
  profiles
    .command("status")
    .description("show the status of a server")
    .addOption(profileOption())
    .addOption(outputOption())
    .action((options: PingOptions) => run(async () => (await load()).profileStatus(context, options)));
  profiles
    .command("ping")
    .description("measure a server's response time, until Ctrl+C")
    .addOption(profileOption())
    .option("-c, --count <count>", "stop after this many pings", parseCount)
    .addOption(outputOption())
    .action((options: PingOptions) => run(async () => (await load()).pingProfile(context, options)));
};

const addSet = ({ program, context, run }: Registration): void => {
  const load = () => import("../commands/set.ts");
  const set = program.command("set").description("set a default, or a preference for this formation");
  const byDefault = set.command("default").description("set a default for all formations");
  const setter = (parent: Command, name: string, description: string) =>
    parent.command(name).description(description).addOption(outputOption());
  setter(byDefault, "profile <name>", "server to manage").action((name: string, options: Output) =>
    run(async () => (await import("../commands/profiles.ts")).useProfile(context, name, options)),
  );
  setter(byDefault, "user <id>", "user who talks to formations").action((id: string, options: Output) =>
    run(async () => (await load()).setDefaultUserId(context, id, options)),
  );
  const user = program.command("user").description("show or set the user who talks to formations");
  setter(user, "default <id>", "the same as set default user").action((id: string, options: Output) =>
    run(async () => (await load()).setDefaultUserId(context, id, options)),
  );
  setter(user, "show", "show who it is").action((options: Output) =>
    run(async () => (await load()).showUser(context, options)),
  );
  for (const [setting, description] of [
    ["profile", "server to deploy this formation to"],
    ["user", "user who talks to this formation"],
  ] as const) {
    setter(set, `${setting} <value>`, description).action((value: string, options: Output) =>
      run(async () => (await load()).setForFormation(context, setting, value, options)),
    );
  }
};

/** The commands for profiles, defaults and shell completion. */
export const addSetupCommands = (registration: Registration): void => {
  addProfiles(registration);
  addSet(registration);
  const { program, context, run } = registration;
  program
    .command("completion")
    .description("print a completion script for a shell")
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

import { type Command, Option } from "commander";
import type {
  AnswerOptions,
  ChangeOptions,
  DeleteUserOptions,
  ExportOptions,
  JobOptions,
  TriggerOptions,
} from "../commands/changes/index.ts";
import { type Registration, withTarget } from "./options.ts";

const load = () => import("../commands/changes/index.ts");

const addTrigger = (command: Command, { context, run }: Registration): void => {
  withTarget(command)
    .description("fire a trigger")
    .option("--data <json>", "data for the trigger, as JSON or @file", "{}")
    .addOption(new Option("--file <path>", "file with the data, as JSON").conflicts("data"))
    .option("-s, --session <id>", "session to run it in")
    .option("--async", "do not wait for the result", false)
    .addOption(new Option("--sync", "wait for the result, which is the default").conflicts("async"))
    .action((name: string, options: TriggerOptions) =>
      run(async () => (await load()).trigger(context, name, options)),
    );
};

/** `muxi jobs add` and the other changes of jobs. */
export const addJobChanges = (jobs: Command, { context, run }: Registration): void => {
  const withJob = (command: Command): Command =>
    withTarget(command)
      .option("--schedule <when>", "cron expression, ISO 8601 time, or words")
      .option("--message <text>", "what is said then")
      .option("--title <text>", "what the job is called");
  withJob(jobs.command("add [words...]"))
    .usage("[once|recurring] <schedule> <message> [options]")
    .description("schedule a message, to be said as a user")
    .action((words: string[], options: JobOptions) =>
      run(async () => (await load()).addJob(context, words, options)),
    );
  withJob(jobs.command("update <job>"))
    .description("change what a job says, when, or its title")
    .action((id: string, options: JobOptions) =>
      run(async () => (await load()).updateJob(context, id, options)),
    );
  withTarget(jobs.command("pause <job>"))
    .description("let a job rest")
    .action((id: string, options: ChangeOptions) =>
      run(async () => (await load()).pauseJob(context, id, options)),
    );
  withTarget(jobs.command("resume <job>"))
    .description("let a paused job run again")
    .action((id: string, options: ChangeOptions) =>
      run(async () => (await load()).resumeJob(context, id, options)),
    );
  withTarget(jobs.command("remove <job>").alias("rm"))
    .description("delete a job")
    .action((id: string, options: ChangeOptions) =>
      run(async () => (await load()).removeJob(context, id, options)),
    );
};

/** `muxi triggers run`, and the shorter `muxi trigger`. */
export const addTriggerChanges = (triggers: Command, registration: Registration): void => {
  addTrigger(triggers.command("run <trigger>"), registration);
  addTrigger(registration.program.command("trigger <name>"), registration);
};

/** `muxi sessions restore`, `reword` and `withdraw`. */
export const addSessionChanges = (sessions: Command, { context, run }: Registration): void => {
  withTarget(sessions.command("restore <session> <file>"))
    .description("replace its messages by those of a file")
    .action((session: string, file: string, options: ChangeOptions) =>
      run(async () => (await load()).restoreSession(context, session, file, options)),
    );
  withTarget(sessions.command("reword <session> <request> <text>"))
    .description("put another text in the place of a message that waits")
    .action((session: string, id: string, text: string, options: ChangeOptions) =>
      run(async () => (await load()).rewordMessage(context, session, id, text, options)),
    );
  withTarget(sessions.command("withdraw <session> <request>"))
    .description("take back a message that waits")
    .action((session: string, id: string, options: ChangeOptions) =>
      run(async () => (await load()).withdrawMessage(context, session, id, options)),
    );
};

/** `muxi requests answer` and `cancel`. */
export const addRequestChanges = (requests: Command, { context, run }: Registration): void => {
  withTarget(requests.command("answer <request> [text]"))
    .description(
      "answer what a request waits for: a question with a text, a call of a tool with --approve or --deny",
    )
    .option("--approve", "let the call be made", false)
    .addOption(
      new Option("--deny", "do not let it be made; the text says why").default(false).conflicts("approve"),
    )
    .option("--arguments <json>", "arguments in place of those that the model chose")
    .addOption(
      new Option("--remember <for>", "approve further calls of the tool too").choices(["session", "user"]),
    )
    .action((id: string, text: string | undefined, options: AnswerOptions) =>
      run(async () => (await load()).answerRequest(context, id, text, options)),
    );
  withTarget(requests.command("cancel <request> [user]"))
    .description("stop a request")
    .action((id: string, user: string | undefined, options: ChangeOptions) =>
      run(async () => (await load()).cancelRequest(context, id, { ...options, user: user ?? options.user })),
    );
};

/** `muxi approvals revoke`. */
export const addApprovalChanges = (approvals: Command, { context, run }: Registration): void => {
  withTarget(approvals.command("revoke <server> <tool>"))
    .description("let calls of a tool wait for a yes again")
    .option("--session <session>", "only in this session")
    .action((server: string, tool: string, options: ChangeOptions & { session?: string }) =>
      run(async () => (await load()).revokeApproval(context, server, tool, options)),
    );
};

/** `muxi credentials add` and `delete`. */
export const addCredentialChanges = (credentials: Command, { context, run }: Registration): void => {
  withTarget(credentials.command("add <service>"))
    .description("store a token of a user, which is asked for or piped in")
    .option("--name <name>", "by which the user knows it")
    .action((service: string, options: ChangeOptions & { name?: string }) =>
      run(async () => (await load()).addCredential(context, service, options)),
    );
  withTarget(credentials.command("delete <credential>").alias("rm"))
    .description("delete a credential")
    .option("--force", "do not ask for confirmation", false)
    .action((id: string, options: ChangeOptions & { force: boolean }) =>
      run(async () => (await load()).deleteCredential(context, id, options)),
    );
};

/** `muxi users link`, `unlink`, `export` and `delete`. */
export const addUserChanges = (users: Command, { context, run }: Registration): void => {
  withTarget(users.command("link <identifier>"))
    .description("make an identifier one of the user's")
    .option("--type <type>", "kind of identifier, such as email or phone")
    .action((identifier: string, options: ChangeOptions & { type?: string }) =>
      run(async () => (await load()).linkUser(context, identifier, options)),
    );
  withTarget(users.command("unlink <identifier>"))
    .description("take an identifier from its user")
    .action((identifier: string, options: ChangeOptions) =>
      run(async () => (await load()).unlinkUser(context, identifier, options)),
    );
  withTarget(users.command("export <identifier>"))
    .description("print all that is stored of a user, as JSON Lines")
    .option("--file <path>", "write it to this file, which must not exist")
    .action((identifier: string, options: ExportOptions) =>
      run(async () => (await load()).exportUser(context, identifier, options)),
    );
  withTarget(users.command("delete <identifier>").alias("rm"))
    .description("delete a user with all that is stored of them, for good")
    .option("--force", "do not ask for confirmation", false)
    .action((identifier: string, options: DeleteUserOptions) =>
      run(async () => (await load()).deleteUser(context, identifier, options)),
    );
};

import type { Command } from "commander";
import type { UsageOptions } from "../commands/usage.ts";
import type { ListName, ViewName, ViewOptions } from "../commands/views/index.ts";
import {
  addApprovalChanges,
  addCredentialChanges,
  addJobChanges,
  addRequestChanges,
  addSessionChanges,
  addTriggerChanges,
  addUserChanges,
} from "./changes.ts";
import { addKnowledgeCommands } from "./knowledge.ts";
import { addMemoryChanges } from "./memory-changes.ts";
import { inherit, parseCount, type Registration, withTarget } from "./options.ts";

interface Group {
  /** What one item of its list is called. */
  item?: string;
  /** Whether its list can be limited. */
  isLong?: true;
  alias?: string;
  description: string;
}

type GroupName = Exclude<ListName, "info">;

const groups: Readonly<Record<GroupName, Group>> = {
  agents: { item: "agent", description: "list its agents, or show one" },
  knowledge: {
    item: "agent",
    isLong: true,
    description: "list what its agents know from documents, search it, and read it again",
  },
  mcp: { item: "server", description: "list its MCP servers, or show one" },
  sops: { item: "sop", description: "list its procedures, or show one" },
  triggers: { item: "trigger", description: "list, show and fire its triggers" },
  sessions: { item: "session", isLong: true, description: "list a user's sessions, or the messages of one" },
  requests: { item: "request", isLong: true, description: "list, show, answer and cancel recent requests" },
  approvals: { description: "list and take back what a user has approved once and for all" },
  jobs: {
    item: "job",
    isLong: true,
    alias: "scheduler",
    description: "list, show and change scheduled jobs",
  },
  memory: { isLong: true, description: "list and change what is remembered about a user, newest first" },
  credentials: {
    item: "credential",
    alias: "creds",
    description: "list and change the credentials that a user has stored, masked",
  },
  users: { isLong: true, description: "list and change what users are known by" },
  logging: { description: "list the destinations of its log" },
  audit: { isLong: true, description: "list the changes made to a formation" },
};

const isGroup = (name: string): name is GroupName => Object.hasOwn(groups, name);

/** The commands that show and change parts of a running formation. */
export const addViewCommands = (registration: Registration): void => {
  const { program, context, run } = registration;
  const load = () => import("../commands/views/index.ts");

  const listed = (command: Command, { isLong }: Group): Command => {
    withTarget(command).option("-v, --verbose", "show every field", false);
    if (isLong) command.option("--limit <count>", "show at most this many", parseCount);
    return command;
  };
  const show = (command: Command, name: ViewName): Command =>
    withTarget(command).action((item: string, options: ViewOptions) =>
      run(async () => (await load()).view(context, name, item, options)),
    );
  const showAll = (command: Command, name: ViewName): Command =>
    withTarget(command).action((options: ViewOptions) =>
      run(async () => (await load()).view(context, name, undefined, options)),
    );

  showAll(program.command("info").description("show the status of a running formation"), "info");

  withTarget(program.command("usage"))
    .description("show what requests have used and cost")
    .option("--by <groups>", "take them together by user, agent, model and day, with commas between", "model")
    .option("--from <time>", "first time or day; 30 days before the end otherwise")
    .option("--to <time>", "time or day before which they were made; now otherwise")
    .option("--csv", "print comma-separated values", false)
    .action((options: UsageOptions) =>
      run(async () => (await import("../commands/usage.ts")).showUsage(context, options)),
    );

  const addGroup = (name: GroupName): Command => {
    const settings = groups[name];
    const { item, alias, description } = settings;
    const group = listed(program.command(item ? `${name} [${item}]` : name), settings)
      .description(description)
      .hook("preSubcommand", inherit);
    if (alias) group.alias(alias);
    group.action(() => {
      const commands = group.commands.map((command) => command.name());
      const [one] = group.args;
      return run(async () => (await load()).view(context, name, one, group.opts<ViewOptions>(), commands));
    });
    // Requests name their user as an argument, too.
    const list = listed(group.command(name === "requests" ? "list [user]" : "list").alias("ls"), settings)
      .description("list them")
      .action(() => {
        const options = list.opts<ViewOptions>();
        const user = list.args[0] ?? options.user;
        return run(async () => (await load()).view(context, name, undefined, { ...options, user }));
      });
    if (item) {
      const details = name === "sessions" ? "sessions show" : name;
      const one = show(group.command(`show <${item}>`).description("show one"), details);
      if (name === "sops" || name === "triggers" || name === "mcp") {
        one.option("--raw", "as it is, which is the default");
      }
    }
    return group;
  };

  /** What else the groups have. */
  const more: Partial<Record<GroupName, (group: Command) => void>> = {
    triggers: (group) => addTriggerChanges(group, registration),
    sessions(group) {
      withTarget(group.command("messages <session>"))
        .description("show its messages")
        .option("-n, --lines <count>", "show at most this many, the latest", parseCount)
        .action((session: string, { lines: limit, ...options }: ViewOptions & { lines?: number }) =>
          run(async () => (await load()).view(context, "sessions", session, { ...options, limit })),
        );
      show(group.command("queue <session>").description("list its messages that wait"), "sessions queue");
      addSessionChanges(group, registration);
    },
    requests: (group) => addRequestChanges(group, registration),
    approvals: (group) => addApprovalChanges(group, registration),
    knowledge(group) {
      showAll(group.command("status").description("show how far it is indexed"), "knowledge status");
      addKnowledgeCommands(group, registration);
    },
    jobs(group) {
      showAll(group.command("status").description("show how jobs are scheduled"), "jobs status");
      addJobChanges(group, registration);
    },
    credentials(group) {
      const services = group.command("services").description("list what takes credentials of users");
      showAll(services, "credentials services");
      addCredentialChanges(group, registration);
    },
    users(group) {
      withTarget(group.command("identifiers"))
        .description("list what one user is known by")
        .action((options: ViewOptions) =>
          run(async () => (await load()).view(context, "users identifiers", options.user, options)),
        );
      show(group.command("resolve <identifier>").description("show who has an identifier"), "users resolve");
      addUserChanges(group, registration);
    },
    logging(group) {
      showAll(group.command("status").description("show the log settings"), "logging status");
    },
    memory(group) {
      showAll(group.command("status").description("show the memory settings"), "memory status");
      show(
        group.command("why <memory>").description("show where a memory comes from, and what it said before"),
        "memory why",
      );
      showAll(
        group.command("lint").description("show contradictions, doubles and what has passed in memories"),
        "memory lint",
      );
      addMemoryChanges(group, registration);
    },
  };
  show(program.command("request <request>").description("the same as requests show"), "requests");
  for (const name of Object.keys(groups).filter(isGroup)) {
    const group = addGroup(name);
    more[name]?.(group);
  }
};

/** Whether a pooler stands between a formation and Postgres (docs/spec/formation-files.md "Behind a pooler"). */
export type Pooler = "none" | "transaction";

/** What Postgres is to keep to while it runs the statements of a formation. */
export interface StatementSettings {
  /** Parameters of a new connection. */
  startup: Readonly<Record<string, number>>;
  /** Sent on a new connection for work, before anything else. */
  opening: string | undefined;
  /** Begins a transaction. */
  begin: string;
  /** Whether every statement needs a transaction around it, since connections keep no settings. */
  always: boolean;
}

/**
 * The statements of a formation look rows up by an index, and so those that belong to them. Postgres would read small
 * tables or indexes from end to end instead, and go on to do so when they have grown: each connection keeps its plans
 * until the statistics change. A statement that has no index is then so dear that it would be compiled first. One plan
 * suits all parameters; made anew for each, as Postgres would for lists, plans took a fifth of a chat's time.
 * Migrations, which do go through whole tables, run elsewhere.
 */
const byIndex = {
  enable_seqscan: "off",
  enable_hashjoin: "off",
  enable_mergejoin: "off",
  plan_cache_mode: "force_generic_plan",
  jit: "off",
};

/**
 * A connection of our own keeps what it was once told. Behind a pooler each transaction may be on another connection of
 * the server, which other programs use too: there the settings are a part of every transaction.
 *
 * @param limits.statement Milliseconds after which the server gives up a statement.
 * @param limits.abandoned Milliseconds after which it ends a transaction that gets no further statement, and frees its
 * locks: whoever began it may have been cut off.
 */
export const settingsFor = (
  pooler: Pooler,
  limits: { statement: number; abandoned: number },
): StatementSettings => {
  const timeouts = {
    statement_timeout: limits.statement,
    idle_in_transaction_session_timeout: limits.abandoned,
  };
  const set = (how: "set" | "set local", values: object) =>
    Object.entries(values)
      .map(([name, value]) => `${how} ${name} = ${value}`)
      .join("; ");
  if (pooler === "none") {
    return { startup: timeouts, opening: set("set", byIndex), begin: "begin", always: false };
  }
  const begin = `begin; ${set("set local", { ...timeouts, ...byIndex })}`;
  return { startup: {}, opening: undefined, begin, always: true };
};

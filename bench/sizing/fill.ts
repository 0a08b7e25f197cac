/** How much a generated database holds. */
export interface Scale {
  messages: number;
  users: number;
}

export const formationId = "bench";

const day = 86_400_000;
const perSession = 10;
/** Sessions in which there is something said by turns. */
const atOnce = 50;
/** The conversations of two years, and the requests of a tenth of them. */
const span = 730 * day;
const endsAt = Date.UTC(2026, 0, 1);
export const now = endsAt + day;

/** How an engine makes many rows. */
export interface Filler {
  /** Runs a statement without parameters. */
  run(text: string): Promise<void>;
  /** In a `from` clause: rows with one column, `n`, from 0 on. */
  numbers(count: number): string;
  /** The key of a user's own memories, as `userSpace` makes it. */
  spaceOfUser(user: string): string;
}

const text = "The old tree at the gate bears small red apples that keep until March when they lie in straw. ";

const wordsOfMemory = 6;
const words = 20_000;
/** A word of the memory of a number, as it is found by: each place has words of its own. */
export const wordAt = (place: number, memory: number): string =>
  `${"abcdef"[place]}${(memory * (7 + place * 13)) % words}`;

/** As ids are: in no order, but the same in every run. */
const scattered = (n: string) => `(((${n}) * 2654435761) % 4294967296)`;
/** A few users say much and most say little. */
const userOf = (n: string, { users }: Scale) =>
  `'user' || (${users} * (${scattered(n)} / 65536) / 65536 * (${scattered(n)} / 65536) / 65536)`;
const said = (n: string, length: number) =>
  `substr('${text.repeat(6)}', cast(1 + (${n}) % 90 as integer), ${length})`;

/**
 * Fills the tables of a formation. Messages of fifty sessions stand between one another, as they do where many chat at
 * once, and all ids are in no order.
 */
export const fill = async (filler: Filler, scale: Scale, tell: (table: string) => void): Promise<void> => {
  const { messages, users } = scale;
  const sessions = Math.ceil(messages / perSession);
  const requests = Math.ceil(messages / 20);
  const deliveries = Math.ceil(requests / 5);
  const jobs = Math.ceil(users / 100);
  const at = (n: string, count: number) => `${endsAt - span} + (${n}) * ${span} / ${count}`;
  const insert = async (table: string, columns: string, values: string, count: number) => {
    tell(table);
    await filler.run(
      `insert into ${table} (${columns}) select ${values} from ${filler.numbers(Math.ceil(count))}`,
    );
  };

  await insert(
    "session",
    "formation_id, id, user_id, created_at, last_activity, turns",
    `'${formationId}', 'sess_' || ${scattered("n + 1")}, ${userOf("(n + 1)", scale)}, ${at("n", sessions)},
      ${at("n", sessions)} + 600000, ${perSession / 2}`,
    sessions,
  );
  const session = `(n / ${atOnce * perSession} * ${atOnce} + n % ${atOnce} + 1)`;
  const turn = `(n / ${2 * atOnce} * ${atOnce} + n % ${atOnce})`;
  const ofTurn = `(n / ${(atOnce * perSession) / 2} * ${atOnce} + n % ${atOnce} + 1)`;
  const isUsers = `n / ${atOnce} % 2 = 0`;
  await insert(
    "message",
    "session_seq, id, request_id, role, content, agent_id, created_at",
    `${session}, 'msg_' || ${scattered("n")}, 'req_' || ${scattered(turn)}, case when ${isUsers} then 'user' else 'assistant' end,
      case when ${isUsers} then ${said("n", 80)} else ${said("n", 400)} end, case when ${isUsers} then null else 'grower' end,
      ${at(session, sessions)} + n % ${atOnce * perSession}`,
    messages,
  );
  await insert(
    "request",
    `formation_id, id, user_id, session_id, kind, mode, status, created_at, started_at, completed_at, log, attempts,
      run_after, cancel_asked, agent_id, model, input_tokens, output_tokens`,
    `'${formationId}', 'req_' || ${scattered("n")}, ${userOf(ofTurn, scale)}, 'sess_' || ${scattered(ofTurn)}, 'chat',
      'sync', 'completed', ${at("n", requests)}, ${at("n", requests)}, ${at("n", requests)} + 2000,
      ${said("n", 400)} || ${said("n", 400)}, 0, ${at("n", requests)}, 0, 'grower', 'openai/test', 900, 120`,
    requests,
  );
  await insert(
    "delivery",
    `id, formation_id, user_id, request_id, event, target, origin, body, status, attempts, run_after, created_at, ended_at,
      response_status`,
    `'del_' || ${scattered("n")}, '${formationId}', ${userOf("n", scale)}, 'req_' || ${scattered("n")}, 'completed',
      'https://shop.example/hooks', 'https://shop.example', null, 'sent', 1, ${at("n", deliveries)},
      ${at("n", deliveries)}, ${at("n", deliveries)} + 500, 204`,
    deliveries,
  );
  await insert(
    "audit",
    "formation_id, id, at, action, resource_type, request_id, ip, outcome, suppressed",
    `'${formationId}', 'aud_' || n, ${at("n", 100_000)}, 'scheduler.job.created', 'scheduler_job', 'req_' || n,
      '127.0.0.1', 'success', 0`,
    Math.min(100_000, messages / 10),
  );

  await insert(
    "memory",
    `id, formation_id, user_id, space, scope, subject, collection, content, metadata, source, importance, vector_model,
      created_at, updated_at, words_version`,
    `'mem_' || ${scattered("n")}, '${formationId}', 'user' || (n % ${users}),
      ${filler.spaceOfUser(`'user' || (n % ${users})`)}, 'user', 'subject' || n, 'preferences', ${said("n", 60)}, '{}', 'chat',
      0.5, '', ${at("n", users)}, ${at("n", users)}, 2`,
    users,
  );
  for (let word = 0; word < wordsOfMemory; word++) {
    tell(`memory_word, ${word + 1} of ${wordsOfMemory}`);
    await filler.run(`insert into memory_word (space, word, memory_seq)
      select space, '${"abcdef"[word]}' || ((seq * ${7 + word * 13}) % ${words}), seq from memory`);
  }
  await insert(
    "synopsis",
    "formation_id, user_id, part, text, made_at",
    `'${formationId}', 'user' || n, 'identity', ${said("n", 300)}, ${endsAt}`,
    users / 10,
  );
  await insert(
    "app_user",
    "formation_id, id, owner, created_at",
    `'${formationId}', 'usr_' || ${scattered("n")}, 'user' || n, ${at("n", users)}`,
    users / 10,
  );
  await insert(
    "user_identifier",
    "formation_id, identifier, user_id, owner, type, created_at, changed_at",
    `'${formationId}', 'user' || n, 'usr_' || ${scattered("n")}, 'user' || n, 'internal', ${at("n", users)},
      ${at("n", users)}`,
    users / 10,
  );
  await insert(
    "ingestion",
    "formation_id, id, user_id, accepted, duplicate, invalid, created_at",
    `'${formationId}', 'ing_' || ${scattered("n")}, ${userOf("n", scale)}, 10, 0, 0, ${at("n", jobs)}`,
    jobs,
  );
  const isActive = "n % 2 = 0";
  await insert(
    "job",
    `formation_id, id, user_id, type, schedule, message, cron, exclusions, timezone, status, next_run, total_runs,
      total_failures, failures_in_row, created_at, updated_at`,
    `'${formationId}', 'job_' || ${scattered("n")}, ${userOf("n", scale)}, 'prompt', '0 9 * * *', 'Water the trees',
      case when ${isActive} then '0 9 * * *' end, '[]', 'UTC', case when ${isActive} then 'active' else 'completed' end,
      case when ${isActive} then ${now} + n * 1000 end, 20, 0, 0, ${at("n", jobs)}, ${at("n", jobs)}`,
    jobs,
  );
  tell("job_run");
  await filler.run(`insert into job_run (formation_id, job_id, due, user_id, request_id, status, late, started_at, ended_at)
    select '${formationId}', id, created_at + n * ${day}, user_id, 'req_of_job', 'success', 0, created_at, created_at
    from job, ${filler.numbers(10)}`);
  await insert(
    "job_creation",
    "formation_id, user_id, created_at, job_id",
    `'${formationId}', ${userOf("n", scale)}, ${at("n", jobs)}, 'job_' || ${scattered("n")}`,
    jobs,
  );
};

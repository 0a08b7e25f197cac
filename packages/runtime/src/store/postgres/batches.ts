import type { Statement, WriteResult } from "../database/index.ts";
import { type Sent, storable } from "./parameters.ts";

/** A statement of a caller, and where its result goes. */
interface Member {
  statement: Statement;
  results: WriteResult[];
  place: number;
}

/** Statements of one text about different rows. */
interface Batch {
  text: string;
  keys: Set<string> | undefined;
  members: Member[];
}

/** What one caller runs, in parts that may each be a part of a batch: neighbours of one text about given rows. */
const partsOf = (statements: readonly Statement[], results: WriteResult[]): Member[][] => {
  const parts: Member[][] = [];
  for (const [place, statement] of statements.entries()) {
    const member = { statement, results, place };
    const last = parts.at(-1);
    const isSame = statement.key !== undefined && last?.[0]?.statement.text === statement.text;
    if (isSame) last.push(member);
    else parts.push([member]);
  }
  return parts;
};

const gather = (members: readonly Member[]): Batch[] => {
  const batches: Batch[] = [];
  for (const member of members) {
    const { text, key } = member.statement;
    const batch =
      key === undefined
        ? undefined
        : batches.find((other) => other.text === text && other.keys?.has(key) === false);
    if (batch && key !== undefined) {
      batch.members.push(member);
      batch.keys?.add(key);
    } else {
      batches.push({ text, keys: key === undefined ? undefined : new Set([key]), members: [member] });
    }
  }
  return batches;
};

/** In one order everywhere: of two processes that lock some of the same rows, one waits for the other. */
const byKey = ({ statement: one }: Member, { statement: other }: Member): number =>
  (one.key ?? "") < (other.key ?? "") ? -1 : 1;

const sentOf = ({ text, keys, members }: Batch): Sent => {
  const [first] = members;
  const { values = [] } = first?.statement ?? {};
  if (!keys) return { text, values };
  return {
    text,
    values: values.map((_, column) => members.map(({ statement }) => statement.values[column] ?? null)),
  };
};

const deal = ({ keys, members }: Batch, answer: WriteResult): void => {
  const byOwner = new Map<unknown, WriteResult["rows"][number][]>();
  for (const row of keys ? answer.rows : []) {
    const known = byOwner.get(row.key);
    if (known) known.push(row);
    else byOwner.set(row.key, [row]);
  }
  for (const { statement, results, place } of members) {
    const rows = byOwner.get(storable(statement.key ?? null)) ?? [];
    results[place] = keys ? { changes: rows.length, rows } : answer;
  }
};

/**
 * Runs the statements of several callers, those of each in order: what they have in common as one statement. All of them
 * are sent before the first is answered.
 *
 * @param run Sends a statement.
 * @returns The results of each caller.
 * @throws The first failure, when all are answered: the connection is free then.
 */
export const runTogether = async (
  callers: readonly (readonly Statement[])[],
  run: (sent: Sent) => Promise<WriteResult>,
): Promise<WriteResult[][]> => {
  const results: WriteResult[][] = callers.map(() => []);
  const parts = callers.map((statements, caller) => partsOf(statements, results[caller] ?? []));
  const most = Math.max(0, ...parts.map(({ length }) => length));
  const batches: Batch[] = [];
  for (let place = 0; place < most; place++)
    batches.push(...gather(parts.flatMap((each) => each[place] ?? [])));
  const answers = batches.map((batch) => {
    batch.members.sort(byKey);
    return run(sentOf(batch));
  });
  await Promise.allSettled(answers);
  for (const [index, answer] of (await Promise.all(answers)).entries()) {
    const batch = batches[index];
    if (batch) deal(batch, answer);
  }
  return results;
};

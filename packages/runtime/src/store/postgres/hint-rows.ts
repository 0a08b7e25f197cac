import type { Logger } from "pino";
import { createWorker } from "../../base/index.ts";
import { type Hint, type Statement, sql, type WriteResult } from "../database/index.ts";
import { currentTime } from "./dialect.ts";
import type { HintCarrier, ReceivedHint } from "./hints.ts";

/** How long a row is kept, in milliseconds: after that, whoever has not read it has missed it. */
const keptFor = 60_000;
/** How often rows are looked for where there are no notifications, in milliseconds. */
const lookEvery = 500;
const pauseAfterFailure = 1_000;

const columns = sql`topic, formation_id as "formationId", content`;

/** Hints as rows of a table: those that are too long for a notification, and all where notifications do not arrive. */
export interface HintRows {
  /** Returns its number. */
  add(hint: Required<Hint>): Promise<number>;
  get(seq: number): Promise<ReceivedHint | undefined>;
  after(seq: number): Promise<(ReceivedHint & { seq: number })[]>;
  /** The number of the newest one; 0 when there is none. */
  newest(): Promise<number>;
}

export const createHintRows = (deps: {
  read: <Row>(statement: Statement) => Promise<Row[]>;
  /** In one transaction; transactions are committed in the order of the numbers that they take. */
  writeInOrder: (statements: readonly Statement[]) => Promise<WriteResult[]>;
}): HintRows => ({
  async add({ topic, formationId, content }) {
    const results = await deps.writeInOrder([
      sql`delete from hint where created_at < ${currentTime} - ${keptFor}`,
      sql`insert into hint (formation_id, topic, content, created_at)
        values (${formationId}, ${topic}, ${content}, ${currentTime}) returning seq`,
    ]);
    return Number(results.at(-1)?.rows[0]?.seq);
  },
  async get(seq) {
    const [row] = await deps.read<ReceivedHint>(sql`select ${columns} from hint where seq = ${seq}`);
    return row;
  },
  after: (seq) => deps.read(sql`select seq, ${columns} from hint where seq > ${seq} order by seq`),
  async newest() {
    const [row] = await deps.read<{ seq: number | null }>(sql`select max(seq) as seq from hint`);
    return row?.seq ?? 0;
  },
});

/** Carries hints as rows, which every process looks for twice a second. */
export const createPolledHints = (rows: HintRows, log: Pick<Logger, "error">): HintCarrier => {
  let stop = async () => {};
  return {
    send: rows.add,
    listen(receive, missed) {
      let last: number | undefined;
      let lookedAt = Number.NEGATIVE_INFINITY;
      const look = async (): Promise<undefined> => {
        const since = performance.now();
        if (last === undefined) last = await rows.newest();
        for (const { seq, ...hint } of await rows.after(last)) {
          last = seq;
          receive(hint);
        }
        if (since - lookedAt > keptFor) missed();
        lookedAt = since;
      };
      const worker = createWorker({
        what: "looking for hints of other processes",
        look,
        every: lookEvery,
        pauseAfterFailure,
        log,
      });
      stop = worker.close;
      worker.wake();
    },
    close: () => stop(),
  };
};

import { sql } from "../../packages/runtime/src/store/database/index.ts";
import { createStore } from "../../packages/runtime/src/store/index.ts";
import { quantile, sorted } from "../load/figures.ts";
import { calls, type Sample } from "./calls.ts";
import type { Reads, Subject } from "./database.ts";
import { formationId } from "./fill.ts";

export interface Measured {
  call: string;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** Bytes of the database's log, in the mean. */
  log: number | undefined;
  reads: Reads;
}

const sampled = 200;
/** What is counted in the database is counted over a few calls, so that what happens at times is in it. */
const counted = 5;

/** Any of the sessions of a generated database, spread over it. */
const samplesOf = async (subject: Subject): Promise<() => Sample> => {
  const database = await subject.open();
  const [most] = await database.read<{ seq: number }>(sql`select max(seq) as seq from session`);
  const step = Math.max(1, Math.floor(Number(most?.seq ?? 0) / sampled));
  const seqs = Array.from({ length: sampled }, (_, place) => 1 + place * step);
  const rows = await database.read<{ seq: number; id: string; userId: string }>(
    sql`select seq, id, user_id as "userId" from session where seq ${database.dialect.isOneOf(seqs)}`,
  );
  await database.close();
  let taken = 0;
  return () => {
    taken += 1;
    const row = rows[(taken * 7) % rows.length];
    if (!row) throw new Error("the database has no sessions");
    const number = taken;
    let ids = 0;
    return {
      owner: { formationId, userId: row.userId },
      sessionId: row.id,
      memory: Number(row.seq),
      next: () => `new_${number}_${++ids}`,
    };
  };
};

/** Measures one call after the other, each alone. */
export async function* measure(subject: Subject, times: number): AsyncGenerator<Measured> {
  const next = await samplesOf(subject);
  for (const [call, perform] of Object.entries(calls)) {
    const reads = await subject.readsOf(counted, async (database) => {
      await perform(createStore(database), next());
    });
    const database = await subject.open();
    const store = createStore(database);
    for (let time = 0; time < counted; time++) await perform(store, next());
    const loggedBefore = await subject.logged();
    const took: number[] = [];
    for (let time = 0; time < times; time++) {
      const sample = next();
      const begun = performance.now();
      await perform(store, sample);
      took.push(performance.now() - begun);
    }
    const logged = await subject.logged();
    await database.close();
    const inOrder = sorted(took);
    yield {
      ...{ call, reads, p50: quantile(inOrder, 0.5), p99: quantile(inOrder, 0.99) },
      log: logged === undefined || loggedBefore === undefined ? undefined : (logged - loggedBefore) / times,
    };
  }
}

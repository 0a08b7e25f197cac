import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { until, untilExpected } from "../../../test/until.ts";
import { fact, materialOf, replyWith, writeLearning } from "./learning.ts";
import { leastTurns, writeLong } from "./long-sessions.ts";
import { seeded, startImpatient } from "./processes.ts";

/** Milliseconds from an answer to the kill, at most: asking the model and storing what it found take about so long. */
const longestLife = 60;

test("however often it is killed while it learns, a fact is learned once, and what it replaced is its history once", {
  timeout: 120_000,
}, async () => {
  const random = seeded(19);
  const { dir, server } = await writeLearning("user_synopsis: { enabled: false }");
  server.factsReply = ({ body }) => {
    const { known_memories: known, conversation } = materialOf({ body });
    const towns = conversation.flatMap(({ content }) => /^I live in (\w+)$/.exec(content)?.[1] ?? []);
    const replaces = known.find(({ memory }) => memory.startsWith("The user lives in"))?.number ?? null;
    return replyWith(
      ...towns.map((town) => fact(`The user lives in ${town}`, { replaces, quote: `I live in ${town}` })),
    );
  };
  const towns = ["Lisbon", "Porto", "Faro", "Braga"];
  const learned: string[] = [];
  for (const [index, town] of [...towns, undefined].entries()) {
    const { api, child, crash } = await startImpatient(dir, 30_000);
    // What the process before has claimed is another's only after a while.
    child.send({ clock: index * 400_000 });
    const last = learned[0];
    if (last !== undefined) {
      await api.chat("My favourite number is the seven", { user: "bob" });
      const home = async () => (await api.get("/memories", { user: "ann" })).body.data.memories;
      await until(
        `${last} is learned`,
        async () => (await home())[0]?.content === `The user lives in ${last}`,
      );
      const memories = await home();
      expect(memories).toHaveLength(1);
      const { body } = await api.get(`/memories/${memories[0].id}`, { user: "ann" });
      expect(body.data.origin).toMatchObject({ session_id: last, quote: `I live in ${last}` });
      expect(body.data.history.map(({ content }: { content: string }) => content)).toEqual(
        learned.slice(1).map((earlier) => `The user lives in ${earlier}`),
      );
    }
    if (town !== undefined) {
      await api.chat(`I live in ${town}`, { user: "ann", session: town });
      learned.unshift(town);
      await sleep(random() * longestLife);
    }
    await crash();
  }
});

test("however often it is killed while it summarises, each summary goes on from the one before it, once", {
  timeout: 120_000,
}, async () => {
  const random = seeded(23);
  const { dir, server } = await writeLong();
  const numbers = [4711, 5822, 6933, 7044];
  const known: string[] = [];
  for (const [index, number] of [...numbers, undefined].entries()) {
    const { api, child, crash } = await startImpatient(dir, 30_000);
    // What the process before has claimed is another's only after a while.
    child.send({ clock: index * 400_000 });
    await untilExpected("what was said is summarised", async () => {
      await api.chat("Go on", { user: "ann", session: "s1" });
      expect((await api.get("/sessions/s1", { user: "ann" })).body.data.summary ?? "").toBe(known.join(" "));
    });
    if (number !== undefined) {
      known.push(`The order is ${number}`);
      for (const message of [known.at(-1) ?? "", ...Array(leastTurns * 2).fill("Go on")]) {
        await api.chat(message, { user: "ann", session: "s1" });
      }
      await sleep(random() * longestLife);
    }
    await crash();
  }
  expect(server.summaries.length).toBeGreaterThanOrEqual(numbers.length);
});

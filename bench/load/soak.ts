import { chat } from "./chat.ts";
import { Connection } from "./connection.ts";
import { type Figures, Problems } from "./figures.ts";
import { type Measured, type Subject, setPace } from "./measure.ts";

const chats = 100_000;
const step = 10_000;
const connections = 32;
const steps = Array.from({ length: chats / step }, (_, place) => (place + 1) * step);

export const soakRows = [
  ...steps.map((done) => [`mb${done}`, `soak, memory after ${done.toLocaleString("en")} chats, MB`] as const),
  ["grown", "soak: memory at the end beside that after 40,000 chats"] as const,
  ["failed", "soak: failed"] as const,
];

/** Chats without end, 32 at once: whether the memory of the target still grows. */
export const measureSoak = async (subject: Subject): Promise<Measured> => {
  await setPace(subject, 10, 0);
  await subject.quiet();
  const figures: Figures = {};
  const problems = new Problems();
  let begun = 0;
  let done = 0;
  const stopMeter = subject.startMeter();
  const work = async () => {
    const connection = new Connection(subject.port);
    while (begun++ < chats) {
      await connection.open();
      const { problem } = await chat(connection, subject.request());
      if (problem !== "") problems.add(problem);
      if (++done % step === 0) figures[`mb${done}`] = subject.memoryMb();
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, work));
  const spent = stopMeter();
  const grown = (figures[`mb${chats}`] ?? Number.NaN) / (figures[`mb${4 * step}`] ?? Number.NaN);
  return { figures: { ...figures, grown, failed: problems.total }, spent, problems: problems.most };
};

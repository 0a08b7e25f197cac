/**
 * What the calls of a formation cost in a database that has grown, and what that means for so many users.
 *
 * `npm run bench:sizing -- [--engine postgres] [--messages 100000] [--users 10000] [--times 200]`: generates a database
 * and prints how large its tables are, and what each call of the repositories takes, reads and writes.
 *
 * `npm run bench:sizing -- --calculate [--given years=3]… [--write]`: prints the tables of docs/scaling.md, or puts them there.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { writeFigures } from "../page.ts";
import { calculation } from "./calculate.ts";
import { readInputs } from "./inputs.ts";
import { printMeasured } from "./report.ts";

const page = path.join(import.meta.dirname, "../../docs/scaling.md");

const { values } = parseArgs({
  options: {
    engine: { type: "string", default: "sqlite" },
    messages: { type: "string", default: "100000" },
    users: { type: "string", default: "10000" },
    times: { type: "string", default: "200" },
    calculate: { type: "boolean", default: false },
    given: { type: "string", multiple: true, default: [] },
    write: { type: "boolean", default: false },
  },
});

const given = new Map(
  values.given.map((option) => {
    const [name = "", value] = option.split("=");
    return [name, Number(value)] as const;
  }),
);

if (values.calculate) {
  const inputs = readInputs(given);
  const names = Object.values(inputs).map(({ name }) => name);
  for (const [name, value] of given) {
    if (!names.includes(name) || Number.isNaN(value))
      throw new Error(`--given is 'name=number', and the names are ${names.join(", ")}`);
  }
  const text = calculation(inputs);
  if (values.write) writeFigures(page, "npm run bench:sizing -- --calculate --write", text);
  else process.stdout.write(`${text}\n`);
} else {
  await printMeasured(
    values.engine === "postgres" ? "postgres" : "sqlite",
    { messages: Number(values.messages), users: Number(values.users) },
    Number(values.times),
  );
}

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { freePort, portRange } from "./ports.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const run = promisify(execFile);
const example = path.join(import.meta.dirname, "../examples/handbook");
const muxi = path.join(import.meta.dirname, "../packages/cli/bin/muxi.js");

test("the handbook answers each question of its page from the document that the page names", async () => {
  const home = temporaryFolder();
  const folder = path.join(home, "handbook");
  await cp(example, folder, { recursive: true });
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    MUXI_CONFIG_DIR: path.join(home, "server"),
    MUXI_DATA_DIR: path.join(home, "server"),
    ...(await portRange()),
  };
  const up = spawn(
    process.execPath,
    [muxi, "up", folder, "--port", String(await freePort()), "--output", "json"],
    { env, stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(async () => {
    up.kill("SIGINT");
    await once(up, "exit");
  });
  await once(createInterface({ input: up.stdout }), "line");

  const page = await readFile(path.join(example, "README.md"), "utf8");
  const questions = [...page.matchAll(/muxi chat "([^"]+)" +# from the (\w+)/g)];
  const answers: Record<string, RegExp> = {
    Word: /staff-rules\.docx says: "[^"]*twenty-six days/,
    PDF: /frost-plan\.pdf[^"]* says: "[^"]*0 degrees[^"]*sprinklers/,
    CSV: /machines\.csv says: "[^"]*Brandt in Mill Lane/,
  };
  expect(questions.map(([, , document]) => document)).toEqual(Object.keys(answers));
  for (const [, question = "", document = ""] of questions) {
    const { stdout } = await run(process.execPath, [muxi, "chat", question], { cwd: folder, env });
    expect(stdout).toMatch(answers[document] ?? "");
  }
});

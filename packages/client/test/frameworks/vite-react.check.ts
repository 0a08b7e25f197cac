import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { keys } from "../../../runtime/test/harness.ts";
import { screenOf, startBrowser } from "../browser/browser.ts";
import { openFormation } from "./formation.ts";
import { openProject, type Project } from "./project.ts";

const vite = "node_modules/vite/bin/vite.js";
const asked = "user: Tell me";

let project: Project;
let browser: Browser;

beforeAll(async () => {
  project = await openProject("vite-react");
  for (const args of [["node_modules/typescript/bin/tsc"], [vite, "build"]]) await project.run(args);
  browser = await startBrowser();
});

afterAll(() => browser?.close());

const open = async () => {
  const formation = await openFormation();
  const site = await project.start([vite, "preview"]);
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const query = new URLSearchParams({ formation: formation.api.url, key: keys.clientKey });
  await page.goto(`${site}/?${query}`);
  return { ...formation, ...screenOf(page) };
};

test("an answer streams onto the page and outlives a reload", async () => {
  const { press, reload, tellSlowly, untilShown } = await open();
  const release = tellSlowly();
  await press("Send");
  await untilShown([asked, "assistant: Once upon"], "streaming");
  await reload();
  await untilShown([asked, "assistant: Once upon"], "streaming");
  release();
  await untilShown([asked, "assistant: Once upon a time"], "ready");
});

test("the button stops the model", async () => {
  const { models, press, tellSlowly, untilShown } = await open();
  tellSlowly();
  await press("Send");
  await untilShown([asked, "assistant: Once upon"], "streaming");
  await press("Stop");
  expect(await (await models.request(0)).over).toBe("aborted");
  await untilShown([asked, "assistant: Once upon"], "ready");
});

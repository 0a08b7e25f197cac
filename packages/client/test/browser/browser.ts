import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { rolldown } from "rolldown";
import { expect } from "vitest";
import { untilExpected } from "../../../../test/until.ts";
import { chromiumFile, chromiumFlags } from "../chromium.ts";

/** Starts Chromium, which all tests of a file share: each page has a storage of its own. */
export const startBrowser = (): Promise<Browser> => {
  if (!existsSync(chromiumFile)) {
    throw new Error(`There is no ${chromiumFile}: apt-get install chromium`);
  }
  return chromium.launch({ executablePath: chromiumFile, args: chromiumFlags });
};

/**
 * The program of a page in `pages/`, as one module: also what it loads later.
 *
 * @param alias Packages that take the place of others.
 */
export const bundlePage = async (name: string, alias: Record<string, string> = {}): Promise<string> => {
  const bundler = await rolldown({
    input: join(import.meta.dirname, "pages", name),
    platform: "browser",
    logLevel: "silent",
    transform: { define: { "process.env.NODE_ENV": '"development"' } },
    resolve: { alias, conditionNames: ["muxi-source", "browser", "import", "default"] },
  });
  const { output } = await bundler.generate({ format: "esm", codeSplitting: false });
  await bundler.close();
  return output[0].code;
};

/** A page as its user has it before them. */
export interface Screen {
  press(button: "Send" | "Stop" | "Retry" | "Send and close" | "Open" | "Close"): Promise<void>;
  reload(): Promise<void>;
  /** Waits until these lines are on the screen, and this status. */
  untilShown(lines: string[], status: string): Promise<void>;
}

export const screenOf = (page: Page): Screen => ({
  press: (button) => page.getByRole("button", { name: button, exact: true }).click(),
  reload: async () => void (await page.reload()),
  untilShown: (lines, status) =>
    untilExpected(`the page shows ${status}`, async () => {
      const shown = await page.locator("#talk p").allTextContents();
      const [state] = await page.locator("#status").allTextContents();
      expect([state, ...shown].join("\n")).toBe([status, ...lines].join("\n"));
    }),
});

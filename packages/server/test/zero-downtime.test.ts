import { setTimeout as delay } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { startModelServer } from "../../runtime/test/model-server.ts";
import { bundle, call, deployBundle, expectStatus, manifestOf, updateBundle } from "./bundles.ts";
import { builtRuntime, startTestServer } from "./helpers.ts";
import { startTraffic } from "./traffic.ts";

const switches = 25;

it("fails no request and cuts no stream over 20 updates and 5 rollbacks", { timeout: 240_000 }, async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  // Answers take long enough for each switch to find some in the middle, and less than the drain.
  models.defaultReply = () => ({ before: delay(20 + (models.requests.length % 10) * 30) });
  const { url } = await startTestServer({
    runtime: builtRuntime,
    formations: { drainMs: 60_000 },
    processes: { forceKillTimeoutMs: 60_000 },
  });
  const packed = (version: string): Promise<Buffer> =>
    bundle({
      manifest: manifestOf("my-bot", version).replace(
        "- text: builtin/extractive",
        `- { text: openai/test-model, api_key: sk-test, settings: { base_url: "${models.url}/v1" } }`,
      ),
    });
  expectStatus(await deployBundle(url, await packed("1.0.0")), 201);
  const formation = `${url}/api/my-bot`;
  const serving = async (): Promise<string> =>
    (await (await fetch(`${formation}/v1/health`)).json()).data.version;

  const traffic = startTraffic({ url: formation, clientKey: "fmc_0123456789abcdef", streams: 4, jsons: 2 });
  let [version, before] = ["1.0.0", ""];
  for (let number = 1; number <= switches; number += 1) {
    const answered = traffic.answered;
    if (number % 5 === 0) {
      expectStatus(await call(url, "POST", "/rpc/formations/my-bot/rollback"), 200);
      [version, before] = [before, version];
    } else {
      const next = `1.0.${number}`;
      expectStatus(await updateBundle(url, await packed(next), { version: next }), 200);
      [version, before] = [next, version];
    }
    expect(await serving()).toBe(version);
    expect(traffic.failures).toEqual([]);
    expect(traffic.answered).toBeGreaterThan(answered);
  }
  await traffic.stop();
  expect(traffic.failures).toEqual([]);
});

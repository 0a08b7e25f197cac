import { onTestFinished } from "vitest";
import { hold, manifest, startFormation, writeFormation } from "../../../runtime/test/harness.ts";
import { startModelServer } from "../../../runtime/test/model-server.ts";

/** The answer of the model, in parts. */
export const story = ["Once upon", " a time"] as const;

/** A formation that answers each user three times a minute, with a model that tells a story. */
export const openFormation = async () => {
  const models = await startModelServer();
  onTestFinished(() => models.close());
  models.defaultReply = { text: [...story] };
  const api = await startFormation(
    await writeFormation({
      "formation.afs": `${manifest}
server: { rate_limit: { requests_per_minute: 3 } }
llm:
  settings: { base_url: "${models.url}/v1" }
  models: [{ text: openai/test-model, api_key: sk-test }]
`,
    }),
  );

  /** Lets the model tell the beginning, and the rest when it is released. */
  const tellSlowly = () => {
    const { held, release } = hold();
    onTestFinished(release);
    models.reply({ text: [...story], pause: { after: 2, until: held } });
    return release;
  };
  return { api, models, tellSlowly };
};

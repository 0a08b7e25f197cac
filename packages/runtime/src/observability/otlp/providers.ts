/** Providers that the GenAI conventions name otherwise than formations do. */
const conventionalNames = new Map([
  ["azure", "azure.ai.openai"],
  ["bedrock", "aws.bedrock"],
  ["google", "gcp.gemini"],
  ["mistral", "mistral_ai"],
  ["vertex", "gcp.vertex_ai"],
  ["xai", "x_ai"],
]);

/** A model of a formation as the conventions name it: its provider, and its own name. */
export const conventionalModel = (id: string) => {
  const [provider = "", ...name] = id.split("/");
  return { provider: conventionalNames.get(provider) ?? provider, name: name.join("/") };
};

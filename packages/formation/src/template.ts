import { splitModelId } from "./models.ts";
import { normalizeSecretName, secretFiles } from "./secrets/index.ts";

export interface TemplateValues {
  id: string;
  description: string;
  /** `provider/name`; without one the runtime's default model answers. */
  model: string | undefined;
}

/** Providers that run on the user's own machine and need no key. */
const keyless = new Set(["builtin", "ollama", "local", "llama_cpp"]);

/** The provider of a model, and the secret that holds its key. */
const providerKey = (model: string): { provider: string; secret: string } | undefined => {
  const provider = splitModelId(model)?.provider;
  if (provider === undefined || keyless.has(provider)) return undefined;
  return { provider, secret: `${normalizeSecretName(provider)}_API_KEY` };
};

// A JSON text is also a YAML text in double quotes.
const quoted = (text: string): string => JSON.stringify(text);

const llmSection = (model: string | undefined): string => {
  if (model === undefined) {
    return `# Without a model here, the runtime uses a provider whose key is in its environment, else the built-in model, which
# quotes your agents' knowledge and what users have told it. To choose a model, run: muxi secrets set OPENAI_API_KEY
# and uncomment the lines below.
# llm:
#   api_keys:
#     openai: "\${{ secrets.OPENAI_API_KEY }}"
#   models:
#     - text: openai/gpt-4o-mini`;
  }
  const key = providerKey(model);
  const apiKeys = key && [`  api_keys:`, `    ${key.provider}: "\${{ secrets.${key.secret} }}"`];
  return ["llm:", ...(apiKeys ?? []), "  models:", `    - text: ${quoted(model)}`].join("\n");
};

const manifest = ({ id, description, model }: TemplateValues): string => `schema: "1.0.0"
id: ${id}
description: ${quoted(description)}
version: "1.0.0"

${llmSection(model)}

agents:
  - assistant
`;

const assistant = `schema: "1.0.0"
id: assistant
name: Assistant
description: Answers questions about this formation and whatever else users ask
system_message: You are a helpful assistant. Answer in a few plain sentences.
knowledge:
  sources:
    - path: knowledge
      description: What the assistant should know
`;

const about = ({ id, description }: TemplateValues): string => `# About ${id}

${description}

Replace this file with what your assistant should know. The first 50 text and Markdown files of this folder are read;
file_limit of the source in agents/assistant.afs allows more.
`;

const readme = ({ id, description }: TemplateValues): string => `# ${id}

${description}

    muxi validate      check the files
    muxi up            run it here
    muxi chat "Hello"  talk to it

| What | Where |
| --- | --- |
| Settings, model, list of agents | \`formation.afs\` |
| Agents | \`agents/\` |
| What agents know | \`knowledge/\` |
| Tools (MCP servers) | \`mcp/\` |
| Other agents' services | \`a2a/\` |
| Procedures, triggers | \`sops/\`, \`triggers/\` |
| Secrets | \`secrets\` lists their names; values are set with \`muxi secrets set NAME\` |
`;

const gitignore = `.key
.keys.json
.muxi
memory.db*
artifacts/
*.tmp
`;

/** Text files of a new formation by path (docs/spec/cli.md "muxi new"). */
export const templateFiles = (values: TemplateValues): Record<string, string> => {
  const key = values.model === undefined ? undefined : providerKey(values.model);
  return {
    "formation.afs": manifest(values),
    "agents/assistant.afs": assistant,
    "knowledge/about.md": about(values),
    "mcp/.gitkeep": "",
    "a2a/.gitkeep": "",
    "sops/.gitkeep": "",
    "triggers/.gitkeep": "",
    [secretFiles.template]: key ? `${key.secret}=\n` : "",
    ".muxi": "",
    ".gitignore": gitignore,
    "README.md": readme(values),
  };
};

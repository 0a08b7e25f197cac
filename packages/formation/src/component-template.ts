/** The kinds of component that `muxi new` can create (docs/spec/cli.md "muxi new"). */
export const componentKinds = ["agent", "mcp", "a2a", "sop", "trigger"] as const;
export type ComponentKind = (typeof componentKinds)[number];

/** `price-watch` as `Price watch`. */
const titleOf = (id: string): string => {
  const words = id.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

const agent = (id: string): string => `schema: "1.0.0"
id: ${id}
name: ${titleOf(id)}
# Requests are routed by this sentence: say what the agent can do.
description: Answers questions about ${id.replaceAll("-", " ")}
system_message: You are a helpful assistant. Answer in a few plain sentences.
# knowledge:
#   sources:
#     - path: knowledge
#       description: What this agent should know
# mcp_servers: []
`;

const mcp = (id: string): string => `schema: "1.0.0"
id: ${id}
description: What the tools of ${id} are for
type: http
endpoint: http://127.0.0.1:3000/mcp
# auth: { type: bearer, token: "\${{ secrets.${id.replaceAll("-", "_").toUpperCase()}_TOKEN }}" }
# A program on the formation's machine instead:
# type: command
# command: npx
# args: ["-y", "some-mcp-server"]
`;

const a2a = (id: string): string => `schema: "1.0.0"
id: ${id}
name: ${titleOf(id)}
description: What ${id.replaceAll("-", " ")} can do
url: https://agents.example.com/${id}
auth: { type: none }
`;

const sop = (id: string): string => `---
type: sop
name: ${titleOf(id)}
description: When and why this procedure is followed
mode: template
---
## Steps
1. Say what is done first
2. Say what is done next
`;

// Fire it with `{"data": {"message": "…"}}`: a call without a value for a placeholder fails.
const trigger = (id: string): string => `${titleOf(id)} reports: \${{ data.message }}
Say in one sentence what has happened.
`;

interface Template {
  /** The first one that exists is used; without any, the last one is created. */
  folders: readonly string[];
  extension: ".afs" | ".md";
  text(id: string): string;
}

export const componentTemplates: Readonly<Record<ComponentKind, Template>> = {
  agent: { folders: ["agents"], extension: ".afs", text: agent },
  mcp: { folders: ["mcps", "mcp"], extension: ".afs", text: mcp },
  a2a: { folders: ["a2a"], extension: ".afs", text: a2a },
  sop: { folders: ["sops"], extension: ".md", text: sop },
  trigger: { folders: ["triggers"], extension: ".md", text: trigger },
};

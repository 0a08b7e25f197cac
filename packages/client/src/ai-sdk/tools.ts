import type { FlexibleSchema } from "ai";
import type { ChatPayload } from "muxi-client";

/** Tools by name, as the AI SDK's `tool` makes them; what else they have is not used. */
export type PageTools = Readonly<
  Record<
    string,
    {
      /** What it does and when to use it, for the model. */
      description?: string | ((options: never) => string) | undefined;
      /** Schema of its arguments, of any library that the AI SDK knows. */
      inputSchema: FlexibleSchema<unknown>;
    }
  >
>;

/** Tools of the AI SDK as the server is told of them. */
export const listOf = async (tools: PageTools): Promise<NonNullable<ChatPayload["tools"]>> => {
  // Not before it is needed, though the page has it: others read this transport without.
  const { asSchema } = await import("ai");
  return Promise.all(
    Object.entries(tools).map(async ([name, { description, inputSchema }]) => ({
      name,
      description: typeof description === "string" ? description : name,
      parameters: { ...(await asSchema(inputSchema).jsonSchema) },
    })),
  );
};

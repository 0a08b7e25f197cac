import type { Interrupt, RequestAnswer } from "@muxi/protocol/types";
import { ConfigurationError, MuxiError } from "../errors/index.ts";
import { isObject } from "../http/index.ts";
import type { JsonSchema, RunnableTool, RunnableTools, SchemaOf, StandardResult } from "./schema-types.ts";

// Loaded once schemas of libraries, values or tools of the program are used.

export { partialJson } from "./partial-json.ts";

/** Characters of a result that a server takes. */
const longest = 100_000;

/** The same with objects that take no other properties, as providers want them. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isObject(schema)) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, part]) => [key, closed(part)]));
  return isObject(parts.properties) && parts.type === "object"
    ? { additionalProperties: false, ...parts }
    : parts;
};

const isStandard = (schema: SchemaOf<unknown>): schema is Exclude<SchemaOf<unknown>, JsonSchema> =>
  "~standard" in schema;

/** The JSON Schema of a schema. @throws ConfigurationError when its library gives none */
const jsonSchemaOf = (schema: SchemaOf<unknown>): JsonSchema => {
  if (!isStandard(schema)) return schema;
  const { vendor, jsonSchema } = schema["~standard"];
  const written = closed(jsonSchema?.input({ target: "draft-2020-12" }));
  if (isObject(written)) return written;
  throw new ConfigurationError(
    "schema",
    `${vendor} gives no JSON Schema of its schemas: pass one, or use Zod 4.2 or later`,
  );
};

/** A value as the library of its schema reads it. One of a JSON Schema is taken as it is: the server has checked it. */
export const checked = <Value>(
  schema: SchemaOf<Value>,
  value: unknown,
): StandardResult<Value> | Promise<StandardResult<Value>> =>
  isStandard(schema) ? (schema["~standard"].validate(value) as never) : { value: value as Value };

/** A message with its schemas and tools as the server is told of them. */
export const written = ({
  tools,
  format,
  ...payload
}: {
  tools: unknown[] | RunnableTools | null | undefined;
  format: string | { schema: SchemaOf<unknown> } | null | undefined;
}): object => ({
  ...payload,
  tools:
    Array.isArray(tools) || !tools
      ? tools
      : Object.entries(tools).map(([name, { description, parameters }]) => ({
          name,
          description,
          parameters: jsonSchemaOf(parameters),
        })),
  format:
    typeof format === "object" && format !== null
      ? { ...format, schema: jsonSchemaOf(format.schema) }
      : format,
});

const resultOf = async (
  { id, name, arguments: args }: NonNullable<Interrupt["calls"]>[number],
  tool: RunnableTool | undefined,
  signal: AbortSignal | undefined,
) => {
  try {
    if (tool === undefined) throw new Error(`There is no tool named ${name}`);
    const read = await checked(tool.parameters, args);
    if (read.issues) throw new Error(read.issues.map(({ message }) => message).join("; "));
    const result = await tool.execute(read.value, { toolCallId: id, signal });
    const content = typeof result === "string" ? result : (JSON.stringify(result) ?? "");
    return { id, content: content.slice(0, longest) };
  } catch (error) {
    return { id, content: String(error).slice(0, longest), is_error: true };
  }
};

/**
 * Makes the calls that a request waits for, and answers it with their results.
 *
 * @param answer Sends the answer.
 */
export const runTools = async (
  tools: RunnableTools,
  { id, calls = [] }: Interrupt,
  signal: AbortSignal | undefined,
  answer: (body: RequestAnswer) => Promise<unknown>,
): Promise<void> => {
  const toolNamed = (name: string) => (Object.hasOwn(tools, name) ? tools[name] : undefined);
  const results = await Promise.all(calls.map((call) => resultOf(call, toolNamed(call.name), signal)));
  await answer({ interrupt_id: id, action: "answer", results }).catch((error) => {
    // Answered already: by this call, whose own answer was lost, or by somebody else.
    if (!(error instanceof MuxiError && error.statusCode === 409)) throw error;
  });
};

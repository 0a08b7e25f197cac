/** A JSON Schema (2020-12). */
export type JsonSchema = Record<string, unknown>;

/**
 * A schema of a library that follows Standard Schema and its JSON Schema part, such as Zod from 4.2 on. `Output` is what
 * a checked value is.
 */
export interface StandardSchema<Output = unknown> {
  /** What the library offers to others. */
  readonly "~standard": {
    /** Version of Standard Schema. */
    readonly version: 1;
    /** Name of the library. */
    readonly vendor: string;
    /** Checks a value. */
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** Writes the schema out; absent where the library cannot. */
    readonly jsonSchema?: {
      /** Writes out what is checked. */
      readonly input: (options: {
        /** Version of JSON Schema. */
        target: "draft-2020-12";
      }) => JsonSchema;
    };
    /** For the compiler alone. */
    readonly types?:
      | {
          /** What is checked. */
          readonly input: unknown;
          /** What a checked value is. */
          readonly output: Output;
        }
      | undefined;
  };
}

/** What has come of a check. */
export type StandardResult<Output> =
  | {
      /** The value as the schema makes it. */
      readonly value: Output;
      /** Absent where it fits. */
      readonly issues?: undefined;
    }
  | {
      /** Why it does not fit. */
      readonly issues: readonly {
        /** One reason, in words. */
        readonly message: string;
      }[];
    };

/** A schema, written out or of a library. */
export type SchemaOf<Output> = JsonSchema | StandardSchema<Output>;

/** A tool that the agent may call, and that this program runs. */
export interface RunnableTool<Args = unknown> {
  /** What it does and when to use it, for the model. */
  description: string;
  /** Schema of its arguments, an object: JSON Schema, or of a library such as Zod. */
  parameters: SchemaOf<Args>;
  /**
   * Makes a call. What it returns is given to the model, as JSON if it is no text, at most 100,000 characters; so is the
   * message of what it throws.
   */
  execute(
    args: Args,
    options: {
      /** Id of the call. */
      toolCallId: string;
      /** Aborted when nobody waits for the call any more. */
      signal: AbortSignal | undefined;
    },
  ): unknown;
}

/** Tools by name. */
export type RunnableTools = Readonly<Record<string, RunnableTool>>;

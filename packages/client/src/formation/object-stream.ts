import { MuxiError, ValidationError } from "../errors/index.ts";
import type { ChatStream } from "../stream/index.ts";
import type { SchemaOf } from "./schema-types.ts";

/** A value that is not whole yet: any part of it may be missing. */
export type PartialObject<Value> = Value extends readonly (infer Item)[]
  ? PartialObject<Item>[]
  : Value extends object
    ? { [Key in keyof Value]?: PartialObject<Value[Key]> }
    : Value;

/**
 * An answer that is a value of a schema. Read it once: with `object()`, or part by part.
 *
 * @example
 * const pears = formation.generate({ message: "Which pears are ripe?", schema }, { userId: "user_123" });
 * for await (const soFar of pears.partialObjectStream()) show(soFar);
 * console.log(await pears.object());
 */
export class ObjectStream<Value> {
  /** The events of the answer. */
  readonly stream: ChatStream;
  readonly #schema: SchemaOf<Value>;

  constructor(stream: ChatStream, schema: SchemaOf<Value>) {
    this.stream = stream;
    this.#schema = schema;
  }

  /** The value as far as it is there, each time that more has come. It is not checked. */
  async *partialObjectStream(): AsyncGenerator<PartialObject<Value>, void, undefined> {
    const { partialJson } = await import("./schemas.ts");
    let json = "";
    for await (const events of this.stream.batches()) {
      const before = json;
      for (const event of events)
        if (event.type === "object") json = event.replace ? event.delta : json + event.delta;
      const value = json === before ? undefined : partialJson(json);
      if (value !== undefined) yield value as PartialObject<Value>;
    }
  }

  /**
   * Reads the rest and returns the whole value, checked by its schema's library where it has one. Throws what reading the
   * stream would throw, and a `MuxiError` with the code `NO_OBJECT` when the agent asks something first.
   */
  async object(): Promise<Value> {
    const { object, text } = await this.stream.final();
    if (object === undefined) throw new MuxiError(`There is no object yet: ${text}`, { code: "NO_OBJECT" });
    const { checked } = await import("./schemas.ts");
    const { value, issues } = { value: undefined, ...(await checked(this.#schema, object)) };
    if (issues === undefined) return value as Value;
    const why = issues.map(({ message }) => message).join("; ");
    throw new ValidationError(`The answer does not fit the schema: ${why}`, { code: "OUTPUT_INVALID" });
  }
}

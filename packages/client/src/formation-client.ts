import { createGroups, type FlatMethods, type FormationGroups } from "./formation/groups/index.ts";
import {
  ChatClient,
  type FormationCall,
  type FormationClientOptions,
  type ForUser,
  type HasCaller,
  ObjectStream,
  responseOf,
  type SchemaOf,
  type StreamPayload,
} from "./formation/index.ts";
import type { CallOptions, StreamOptions } from "./http/index.ts";

let installed = false;

/** Tests can replace what is defined so, as they can the methods of a class. */
const likeMethods = { configurable: true, writable: true };

/**
 * Gives `owner` the groups in `members`, which are bound to its caller when they are first used, and the client all
 * methods in them by their own names.
 */
const install = (members: object, owner: object, client: object): void => {
  for (const [name, member] of Object.entries(members)) {
    if (typeof member === "function") {
      Object.defineProperty(client, member.name, { ...likeMethods, value: member });
      continue;
    }
    install(member, member, client);
    Object.defineProperty(owner, name, {
      configurable: true,
      get(this: HasCaller) {
        const group: unknown = Object.create(member, { caller: { value: this.caller } });
        Object.defineProperty(this, name, { ...likeMethods, value: group });
        return group;
      },
    });
  }
};

export interface FormationClient extends FormationGroups, FlatMethods {}

/**
 * Client of one formation: through the MUXI server (`serverUrl` and `formationId`, with `mode: "draft"` for the one under
 * development) or directly (`url`).
 *
 * Every call is a method of a group, such as `formation.memories.list()`, and of the client itself, such as
 * `formation.getMemories()`.
 *
 * @example
 * const formation = new FormationClient({
 *   serverUrl: "http://127.0.0.1:7890",
 *   formationId: "my-assistant",
 *   clientKey: process.env.MUXI_CLIENT_KEY,
 * });
 * console.log(await formation.chatStream({ message: "Hello" }, { userId: "user_123" }).text());
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor sees to all members of the interface.
export class FormationClient extends ChatClient {
  readonly #options: FormationClientOptions;

  /** @throws ConfigurationError with the name of the option that cannot be used. */
  constructor(options: FormationClientOptions = {}) {
    super(options);
    this.#options = { ...options };
    // With the first client, so that no page pays for it that imports something else.
    if (!installed) install(createGroups(), FormationClient.prototype, FormationClient.prototype);
    installed = true;
  }

  /**
   * The same client for one user: all calls that do not name another user are for this one.
   *
   * @example
   * const { sessions } = await formation.as("user_123").getSessions();
   */
  as(userId: string): FormationClient {
    return new FormationClient({ ...this.#options, userId });
  }

  /**
   * Asks for a value that fits a schema: JSON Schema, or a schema of a library such as Zod, which then is its type.
   * Nothing is sent before the answer is read.
   *
   * @example
   * const schema = z.object({ pears: z.array(z.string()) });
   * const { pears } = await formation.generate({ message: "Which pears are ripe?", schema }).object();
   */
  generate<Value = unknown>(
    {
      schema,
      ...payload
    }: Omit<StreamPayload, "format"> & {
      /** What the answer fits. */
      schema: SchemaOf<Value>;
    },
    options?: StreamOptions & ForUser,
  ): ObjectStream<Value> {
    const format = { type: "json", schema } as const;
    return new ObjectStream(this.chatStream({ ...payload, format }, options), schema);
  }

  /**
   * Sends a call that has no method of its own, with the same keys, retries and errors.
   *
   * @returns The successful response, its body unread. Timeout and signal apply until its headers.
   */
  request(spec: FormationCall, options?: CallOptions): Promise<Response> {
    return responseOf(this.caller, spec, options);
  }
}

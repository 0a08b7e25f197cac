import * as z from "zod";
import {
  beforeNamed,
  count,
  isoTime,
  lazy,
  limit,
  named,
  namedRequest,
  next,
  orNull,
  text,
} from "../base/index.ts";

/** How the application names a user: an e-mail address, a chat id. It is trimmed and in lower case. */
export const identifierSchema = lazy(() =>
  z
    .string()
    .transform((value) => value.trim().toLowerCase())
    .pipe(z.string().min(1).max(256)),
);

const type = z.string().min(1).max(100);

export const muxiUserIdSchema = lazy(() => z.string().min(1).max(100));

/** docs/spec/formation-api.md "User identifiers". */
export const newIdentifierSchema = namedRequest(
  "NewIdentifier",
  "An identifier to give to a user: alone, as `[identifier, type]`, or as an object.",
  () =>
    z.union(
      [
        identifierSchema().transform((identifier) => ({ identifier, type: "unknown" })),
        z.tuple([identifierSchema(), type]).transform(([identifier, kind]) => ({ identifier, type: kind })),
        z.object({
          identifier: identifierSchema().describe("The identifier, 1 to 256 characters"),
          type: type.default("unknown").describe("Kind of identifier, such as `email`; default `unknown`"),
        }),
      ],
      { error: "must be an identifier, [identifier, type] or { identifier, type }, of 1 to 256 characters" },
    ),
);

export const identifierAssociationSchema = namedRequest(
  "IdentifierAssociation",
  "Identifiers to give to a user. Those of another user move; no data is merged.",
  () =>
    z.object({
      muxi_user_id: muxiUserIdSchema()
        .nullish()
        .describe("User who gets the identifiers; absent or null, a new user is made"),
      identifiers: z.array(newIdentifierSchema()).min(1).max(100).describe("1 to 100 identifiers"),
    }),
);

export const resolveUserSchema = namedRequest("ResolveUser", "An identifier whose user is wanted.", () =>
  z.object({
    identifier: identifierSchema().describe("The identifier, 1 to 256 characters"),
    identifier_type: type
      .nullish()
      .describe("Kind of identifier, such as `email`, for a user who is made; absent, `unknown`"),
    create_user: z
      .boolean()
      .nullish()
      .describe("Whether a user is made when there is none; absent or null, one is made"),
  }),
);

const muxiUserId = () => text("Id of the user, `usr_` and 12 hex digits");
const internalUserId = () => text("User id whose data the identifiers reach");

export const resolvedUserSchema = named("ResolvedUser", "The user behind an identifier.", () =>
  z.object({
    identifier: text("The identifier as it was looked up"),
    muxi_user_id: muxiUserId(),
    internal_user_id: internalUserId(),
  }),
);

export const userIdentifierSchema = named("UserIdentifier", "Something that a user is known by.", () =>
  z.object({
    identifier: text("The identifier, trimmed and in lower case"),
    type: text("Kind of identifier; `unknown` when none was named"),
  }),
);

export const userIdentifierListSchema = named(
  "UserIdentifierList",
  "Everything that a user is known by.",
  () =>
    z.object({
      muxi_user_id: muxiUserId(),
      internal_user_id: internalUserId(),
      identifiers: z
        .array(userIdentifierSchema().extend({ created_at: isoTime("When the user got the identifier") }))
        .describe("All identifiers of the user"),
      count: count("identifiers"),
    }),
);

export const allUserIdentifiersQuerySchema = lazy(() =>
  z.object({ limit: limit("Identifiers to return", 10_000, 1_000), before: beforeNamed() }),
);

export const allUserIdentifiersSchema = named(
  "AllUserIdentifiers",
  "What the users of a formation are known by.",
  () =>
    z.object({
      identifiers: z
        .array(
          userIdentifierSchema().extend({
            muxi_user_id: muxiUserId(),
            created_at: isoTime("When the user got the identifier"),
          }),
        )
        .describe("Identifiers that belong to a user, newest first"),
      count: count("identifiers in this answer"),
      next: next(),
    }),
);

export const identifiersAssociatedSchema = named(
  "IdentifiersAssociated",
  "A user was given identifiers.",
  () =>
    z.object({
      muxi_user_id: muxiUserId(),
      identifiers: z.array(userIdentifierSchema()).describe("The identifiers that were given"),
      count: count("identifiers that were given"),
    }),
);

export const identifierDeletedSchema = named(
  "IdentifierDeleted",
  "An identifier was taken away from its user.",
  () =>
    z.object({
      message: text("What was done, in words"),
      muxi_user_id: orNull(text("Id of the user who had it; null when the user had no id")),
    }),
);

export const userDataLineSchema = named(
  "UserDataLine",
  "A row that is stored of a user, as a line of an export. What else a line has depends on its type.",
  () =>
    z.looseObject({
      type: text(
        "What it is: `user` in the first line, then such as `session`, `message`, `request`, `memory` or `job`",
      ),
    }),
);

export const userDeletedSchema = named(
  "UserDeleted",
  "A user was deleted, with all that was stored of them.",
  () =>
    z.object({
      identifier: text("The identifier or id by which they were named"),
      muxi_user_id: orNull(text("Id that the user had; null when they had none")),
      deleted: z
        .record(z.string(), z.number().int())
        .describe("How many rows were deleted, by their table; tables without any are left out"),
    }),
);

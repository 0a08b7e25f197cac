import * as z from "zod";

/** How the application names a user: an e-mail address, a chat id. It is trimmed and in lower case. */
export const identifierSchema = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.string().min(1).max(256));

const type = z.string().min(1).max(100);

export const muxiUserIdSchema = z.string().min(1).max(100);

const identifierInput = z.union(
  [
    identifierSchema.transform((identifier) => ({ identifier, type: "unknown" })),
    z.tuple([identifierSchema, type]).transform(([identifier, kind]) => ({ identifier, type: kind })),
    z.object({ identifier: identifierSchema, type: type.default("unknown") }),
  ],
  { error: "must be an identifier, [identifier, type] or { identifier, type }, of 1 to 256 characters" },
);

export const identifierAssociationSchema = z
  .object({
    muxi_user_id: muxiUserIdSchema.nullish().describe("Left out, a new user is made"),
    identifiers: z.array(identifierInput).min(1).max(100),
  })
  .meta({ id: "IdentifierAssociation" });

export const resolveUserSchema = z
  .object({ identifier: identifierSchema, identifier_type: type.nullish() })
  .meta({ id: "ResolveUser" });

export const resolvedUserSchema = z
  .object({
    identifier: z.string(),
    muxi_user_id: z.string(),
    internal_user_id: z.string().describe("Whose data the identifier reaches"),
  })
  .meta({ id: "ResolvedUser" });

const isoTime = z.string().describe("ISO 8601, UTC");
const listed = z.object({ identifier: z.string(), type: z.string() });

export const userIdentifierListSchema = z
  .object({
    muxi_user_id: z.string(),
    internal_user_id: z.string(),
    identifiers: z.array(listed.extend({ created_at: isoTime })),
    count: z.number().int(),
  })
  .meta({ id: "UserIdentifierList" });

export const identifiersAssociatedSchema = z
  .object({ muxi_user_id: z.string(), identifiers: z.array(listed), count: z.number().int() })
  .meta({ id: "IdentifiersAssociated" });

export const identifierDeletedSchema = z
  .object({ message: z.string(), muxi_user_id: z.string().nullable() })
  .meta({ id: "IdentifierDeleted" });

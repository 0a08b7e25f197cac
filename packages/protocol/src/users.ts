import * as z from "zod";
import { lazy, named, namedRequest } from "./lazy.ts";

/** How the application names a user: an e-mail address, a chat id. It is trimmed and in lower case. */
export const identifierSchema = lazy(() =>
  z
    .string()
    .transform((text) => text.trim().toLowerCase())
    .pipe(z.string().min(1).max(256)),
);

const type = z.string().min(1).max(100);

export const muxiUserIdSchema = lazy(() => z.string().min(1).max(100));

const newIdentifierSchema = namedRequest("NewIdentifier", () =>
  z.union(
    [
      identifierSchema().transform((identifier) => ({ identifier, type: "unknown" })),
      z.tuple([identifierSchema(), type]).transform(([identifier, kind]) => ({ identifier, type: kind })),
      z.object({ identifier: identifierSchema(), type: type.default("unknown") }),
    ],
    { error: "must be an identifier, [identifier, type] or { identifier, type }, of 1 to 256 characters" },
  ),
);

export const identifierAssociationSchema = namedRequest("IdentifierAssociation", () =>
  z.object({
    muxi_user_id: muxiUserIdSchema().nullish().describe("Left out, a new user is made"),
    identifiers: z.array(newIdentifierSchema()).min(1).max(100),
  }),
);

export const resolveUserSchema = namedRequest("ResolveUser", () =>
  z.object({ identifier: identifierSchema(), identifier_type: type.nullish() }),
);

export const resolvedUserSchema = named("ResolvedUser", () =>
  z.object({
    identifier: z.string(),
    muxi_user_id: z.string(),
    internal_user_id: z.string().describe("Whose data the identifier reaches"),
  }),
);

const isoTime = z.string().describe("ISO 8601, UTC");
const listed = lazy(() => z.object({ identifier: z.string(), type: z.string() }));

export const userIdentifierListSchema = named("UserIdentifierList", () =>
  z.object({
    muxi_user_id: z.string(),
    internal_user_id: z.string(),
    identifiers: z.array(listed().extend({ created_at: isoTime })),
    count: z.number().int(),
  }),
);

export const identifiersAssociatedSchema = named("IdentifiersAssociated", () =>
  z.object({ muxi_user_id: z.string(), identifiers: z.array(listed()), count: z.number().int() }),
);

export const identifierDeletedSchema = named("IdentifierDeleted", () =>
  z.object({ message: z.string(), muxi_user_id: z.string().nullable() }),
);

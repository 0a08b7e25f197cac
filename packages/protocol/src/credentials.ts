import * as z from "zod";
import { named, namedRequest } from "./lazy.ts";

const isoTime = z.string().describe("ISO 8601, UTC");

export const credentialSchema = named("Credential", () =>
  z.object({
    credential_id: z.string(),
    service: z.string(),
    name: z.string(),
    credential_preview: z.string().describe("Enough to recognise it by, too little to use it"),
    created_at: isoTime,
    updated_at: isoTime,
  }),
);

export const credentialListSchema = named("CredentialList", () =>
  z.object({ credentials: z.array(credentialSchema()), count: z.number().int() }),
);

export const credentialCreateSchema = namedRequest("CredentialCreate", () =>
  z.object({
    service: z.string().min(1).max(100),
    credential: z.record(z.string(), z.unknown()).describe("At most 64 KiB as JSON"),
    name: z.string().trim().min(1).max(100).nullish().describe("By default the service"),
  }),
);

export const credentialDeletedSchema = named("CredentialDeleted", () =>
  z.object({ credential_id: z.string(), deleted: z.literal(true) }),
);

export const credentialServiceListSchema = named("CredentialServiceList", () =>
  z.object({
    services: z.array(z.object({ service: z.string(), server_id: z.string(), description: z.string() })),
    count: z.number().int(),
  }),
);

import * as z from "zod";

const isoTime = z.string().describe("ISO 8601, UTC");

export const credentialSchema = z
  .object({
    credential_id: z.string(),
    service: z.string(),
    name: z.string(),
    credential_preview: z.string().describe("Enough to recognise it by, too little to use it"),
    created_at: isoTime,
    updated_at: isoTime,
  })
  .meta({ id: "Credential" });

export const credentialListSchema = z
  .object({ credentials: z.array(credentialSchema), count: z.number().int() })
  .meta({ id: "CredentialList" });

export const credentialCreateSchema = z
  .object({
    service: z.string().min(1).max(100),
    credential: z.record(z.string(), z.unknown()).describe("At most 64 KiB as JSON"),
    name: z.string().trim().min(1).max(100).nullish().describe("By default the service"),
  })
  .meta({ id: "CredentialCreate" });

export const credentialDeletedSchema = z
  .object({ credential_id: z.string(), deleted: z.literal(true) })
  .meta({ id: "CredentialDeleted" });

export const credentialServiceListSchema = z
  .object({
    services: z.array(z.object({ service: z.string(), server_id: z.string(), description: z.string() })),
    count: z.number().int(),
  })
  .meta({ id: "CredentialServiceList" });

import * as z from "zod";
import { count, isoTime, named, namedRequest, text } from "../base/index.ts";

/** docs/spec/formation-api.md "Credentials". */
export const credentialSchema = named(
  "Credential",
  "A credential that a user lends the formation. Its value is encrypted and never returned.",
  () =>
    z.object({
      credential_id: text("Id to read and remove the credential by"),
      service: text("Service that the credential opens, in lower case"),
      name: text("Name by which the user knows it"),
      credential_preview: text("Enough of the value to recognise it by, too little to use it"),
      created_at: isoTime("When it was stored"),
      updated_at: isoTime("When it last changed"),
    }),
);

export const credentialListSchema = named("CredentialList", "The credentials of a user.", () =>
  z.object({
    credentials: z.array(credentialSchema()).describe("All credentials of the user"),
    count: count("credentials"),
  }),
);

export const credentialCreateSchema = namedRequest("CredentialCreate", "A credential to store.", () =>
  z.object({
    service: z
      .string()
      .min(1)
      .max(100)
      .describe(
        "Service that the credential opens, at most 100 characters, without spaces; stored in lower case",
      ),
    credential: z
      .record(z.string(), z.unknown())
      .describe("The credential, such as `{ token: … }`; not empty, at most 65,536 bytes of JSON"),
    name: z
      .string()
      .trim()
      .min(1)
      .max(100)
      .nullish()
      .describe("Name by which the user knows it, at most 100 characters; absent, the service"),
  }),
);

export const credentialDeletedSchema = named("CredentialDeleted", "A credential was removed.", () =>
  z.object({
    credential_id: text("Id that the credential had"),
    deleted: z.literal(true).describe("Always true: a failure is an error"),
  }),
);

export const credentialServiceListSchema = named(
  "CredentialServiceList",
  "Services for which users may store credentials.",
  () =>
    z.object({
      services: z
        .array(
          z.object({
            service: text("Service to name when a credential is stored"),
            server_id: text("Tool server that uses the credential"),
            description: text("What the tool server is for"),
          }),
        )
        .describe("Services that tool servers use"),
      count: count("services"),
    }),
);

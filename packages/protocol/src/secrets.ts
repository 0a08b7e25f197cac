import * as z from "zod";
import { lazy, named, namedRequest } from "./lazy.ts";

/** Characters of a secret's name and of its value. */
const longestName = 200;
const longestValue = 65_536;

const name = z
  .string()
  .max(longestName)
  .regex(/[A-Za-z0-9]/, "needs a letter or a digit");
const value = z.string().max(longestValue);

export const secretKeySchema = lazy(() => z.object({ key: name }));

export const secretCreateSchema = namedRequest("SecretCreate", () => z.object({ key: name, value }));

export const secretUpdateSchema = namedRequest("SecretUpdate", () => z.object({ value }));

export const secretListSchema = named("SecretList", () =>
  z.object({
    secrets: z.record(z.string(), z.string()).describe("Masked values by name"),
    count: z.number().int(),
  }),
);

/** What was done, in words. */
export const confirmationSchema = named("Confirmation", () => z.object({ message: z.string() }));

const names = z.array(z.string());

export const secretsReloadedSchema = named("SecretsReloaded", () =>
  z.object({
    message: z.string(),
    added: names,
    overwritten: names,
    preserved: names,
    count: z.number().int(),
  }),
);

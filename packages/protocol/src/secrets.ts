import * as z from "zod";

/** Characters of a secret's name and of its value. */
const longestName = 200;
const longestValue = 65_536;

const name = z
  .string()
  .max(longestName)
  .regex(/[A-Za-z0-9]/, "needs a letter or a digit");
const value = z.string().max(longestValue);

export const secretKeySchema = z.object({ key: name });

export const secretCreateSchema = z.object({ key: name, value }).meta({ id: "SecretCreate" });

export const secretUpdateSchema = z.object({ value }).meta({ id: "SecretUpdate" });

export const secretListSchema = z
  .object({
    secrets: z.record(z.string(), z.string()).describe("Masked values by name"),
    count: z.number().int(),
  })
  .meta({ id: "SecretList" });

/** What was done, in words. */
export const confirmationSchema = z.object({ message: z.string() }).meta({ id: "Confirmation" });

const names = z.array(z.string());

export const secretsReloadedSchema = z
  .object({
    message: z.string(),
    added: names,
    overwritten: names,
    preserved: names,
    count: z.number().int(),
  })
  .meta({ id: "SecretsReloaded" });

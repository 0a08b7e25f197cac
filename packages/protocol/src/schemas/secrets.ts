import * as z from "zod";
import { count, lazy, named, namedRequest, text } from "../base/index.ts";

/** Characters of a secret's name and of its value. */
const longestName = 200;
const longestValue = 65_536;

const name = () =>
  z
    .string()
    .max(longestName)
    .regex(/[A-Za-z0-9]/, "needs a letter or a digit")
    .describe(
      "Name of the secret, at most 200 characters; stored in upper case, with `_` for all but letters and digits",
    );
const value = () => z.string().max(longestValue).describe("The secret itself, at most 65,536 characters");

export const secretKeySchema = lazy(() => z.object({ key: name() }));

/** docs/spec/formation-api.md "Secrets". */
export const secretCreateSchema = namedRequest("SecretCreate", "A secret to store.", () =>
  z.object({ key: name(), value: value() }),
);

export const secretUpdateSchema = namedRequest("SecretUpdate", "A new value for a secret.", () =>
  z.object({ value: value() }),
);

export const secretListSchema = named("SecretList", "The secrets of a formation.", () =>
  z.object({
    secrets: z.record(z.string(), z.string()).describe("Masked values by name; no answer holds a value"),
    count: count("secrets"),
  }),
);

export const secretSchema = named("Secret", "One secret of a formation.", () =>
  z.object({
    key: text("Name of the secret, as it is stored"),
    value: text("The masked value; no answer holds the value itself"),
  }),
);

export const confirmationSchema = named("Confirmation", "Something was done.", () =>
  z.object({ message: text("What was done, in words") }),
);

const names = (what: string) => z.array(z.string()).describe(`Names of the secrets that ${what}`);

export const secretsReloadedSchema = named("SecretsReloaded", "The file of secrets was read again.", () =>
  z.object({
    message: text("What was done, in words"),
    added: names("are new"),
    overwritten: names("have a new value"),
    preserved: names("are as they were"),
    count: count("secrets in the file"),
  }),
);

import * as z from "zod";

/** Whether a text still holds a reference, so that its form cannot be checked yet. */
export const isOpen = (text: string): boolean => text.includes("${{");

export const text = z.string();
export const filledText = z.string().refine((value) => value.trim() !== "", "must not be empty");

export const positive = z.int().min(1);
export const nonNegative = z.int().min(0);
export const seconds = z.number().positive();

const hour = 3_600_000;

/** How long something is kept, such as `12h` or `90d`, in milliseconds. */
export const keptFor = z
  .string({ error: 'must be a number of hours or days such as "12h" or "90d"' })
  .regex(/^[1-9]\d{0,5}[hd]$/, 'must be a number of hours or days such as "12h" or "90d"')
  .transform((written) => Number.parseInt(written, 10) * (written.endsWith("d") ? 24 * hour : hour));

const httpProtocol = /^https?:$/;

export const httpUrl = z
  .string()
  .refine(
    (value) => isOpen(value) || (URL.canParse(value) && httpProtocol.test(new URL(value).protocol)),
    "must be a URL that begins with http:// or https://",
  );

/** What a browser sends as `Origin`. */
export const webOrigin = z
  .string()
  .refine(
    (value) =>
      isOpen(value) ||
      (URL.canParse(value) && httpProtocol.test(new URL(value).protocol) && new URL(value).origin === value),
    'must be an origin such as "https://app.example", in lower case, without a path or a usual port',
  );

export const schemaVersion = z.literal("1.0.0", { error: 'must be "1.0.0"' });

/** Values of an environment or of headers: numbers and booleans are often written without quotes. */
export const textMap = z.record(
  z.string(),
  z
    .union([z.string(), z.number(), z.boolean()], { error: "must be text, a number, true or false" })
    .transform(String),
);

/** A list of texts, or a single text. */
export const textList = z.union([z.array(z.string()), z.string().transform((value) => [value])], {
  error: "must be text or a list of texts",
});

/** A mapping whose unknown fields give a warning (docs/spec/formation-files.md "Unknown fields"). */
export const section = z.looseObject;

/** A mapping in which a field of any name may mean something. */
export const openSection = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).catchall(z.any());

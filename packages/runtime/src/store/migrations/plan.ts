import { hash } from "node:crypto";
import { asError } from "@muxi/http";
import { type Dialect, NewerSchemaError, SchemaError, type Statement, sql } from "../database/index.ts";
import { takeOver } from "./drafts.ts";
import type { Migration } from "./migration.ts";
import type { Place, TableColumn } from "./place.ts";

/** A migration that has been applied to a database. */
export interface AppliedMigration {
  version: number;
  name: string;
  checksum: string;
}

/** What brings a database to its next schema, in one transaction. */
export interface Step {
  version: number;
  name: string;
  statements: readonly Statement[];
}

/** Reads the migrations that have been applied, when `hasHistory`. */
export const readApplied = sql`select cast(version as integer) as version, name, checksum
  from schema_version order by version`;

const versionTable = `create table schema_version (
  version bigint not null primary key,
  name text not null,
  checksum text not null,
  applied_at bigint not null
)`;

/** Checksums by SQL: before each migration, those of all earlier ones are compared. */
const checksums = new Map<string, string>();

/** The same for SQL that differs only in its layout. */
const checksumOf = ({ statements }: Migration, dialect: Dialect): string => {
  const text = statements(dialect).join(";\n");
  const known = checksums.get(text) ?? hash("sha256", text.replace(/\s+/g, " ")).slice(0, 16);
  checksums.set(text, known);
  return known;
};

const checkHistory = (
  { dialect, name, alternative }: Place,
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): void => {
  const last = applied.at(-1);
  if (last && last.version > migrations.length) {
    throw new NewerSchemaError(
      `${name} was written by a newer version (schema ${last.version} '${last.name}', this one knows ${migrations.length}): update muxi, or ${alternative}`,
    );
  }
  for (const [index, there] of applied.entries()) {
    const here = migrations[index];
    if (here && there.version === index + 1 && there.checksum === checksumOf(here, dialect)) continue;
    throw new SchemaError(
      `${name} went through migration ${there.version} '${there.name}', which this version does not know: start the version of muxi that wrote it, or ${alternative}`,
    );
  }
};

/** Whether a database records which migrations have been applied. */
export const hasHistory = (columns: readonly TableColumn[]): boolean =>
  columns.some(({ table, column }) => table === "schema_version" && column === "checksum");

/**
 * The next migration to apply, as statements; undefined when the schema is up to date.
 *
 * @throws NewerSchemaError when a newer version wrote the database; SchemaError when other migrations have been applied.
 */
export const nextStep = (
  place: Place,
  state: { columns: readonly TableColumn[]; applied: readonly AppliedMigration[] },
  migrations: readonly Migration[],
): Step | undefined => {
  const { columns, applied } = state;
  checkHistory(place, applied, migrations);
  const migration = migrations[applied.length];
  if (!migration) return undefined;
  const { name } = migration;
  const version = applied.length + 1;

  const texts: string[] = [];
  if (!hasHistory(columns)) texts.push("drop table if exists schema_version", versionTable);
  const isDraft = applied.length === 0 && columns.some(({ table }) => table === "message");
  texts.push(...(isDraft ? takeOver(place, columns) : migration.statements(place.dialect)));

  const record = sql`insert into schema_version (version, name, checksum, applied_at)
    values (${version}, ${name}, ${checksumOf(migration, place.dialect)}, ${Date.now()})`;
  return { version, name, statements: [...texts.map((text) => ({ text, values: [] })), record] };
};

/** The error for a step that failed and was rolled back. */
export const stepFailed = ({ name, alternative }: Place, step: Step, cause: unknown): SchemaError =>
  new SchemaError(
    `${name} could not be brought to schema ${step.version} '${step.name}' and is as it was before (${asError(cause).message}): mend the cause and start again, or ${alternative}`,
    { cause },
  );

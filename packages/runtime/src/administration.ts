import { hostname } from "node:os";
import { type Environment, type Formation, openSecrets, releaseVersion } from "@muxi/formation";
import type { Logger } from "pino";
import {
  type ApiKeys,
  approvalEndpoints,
  auditEndpoints,
  configurationEndpoints,
  credentialEndpoints,
  logsEndpoint,
  procedureEndpoints,
  secretEndpoints,
  userEndpoints,
} from "./api/index.ts";
import { createAuditTrail } from "./audit/index.ts";
import {
  addConfigured,
  createLogFeed,
  createObservability,
  createRedactor,
  createWatch,
  knownSecrets,
  otlpSettings,
} from "./observability/index.ts";
import type { Store } from "./store/index.ts";
import type { CredentialSource } from "./tools/index.ts";
import { createCredentialVault, createIdentities } from "./users/index.ts";

export interface AdministrationDeps {
  formation: Formation;
  keys: ApiKeys;
  store: Pick<Store, "approvals" | "audit" | "credentials" | "hints" | "isShared" | "users">;
  /** Holds the variables of OpenTelemetry. */
  env: Environment;
  now: () => number;
  log: Logger;
}

const defaultSalt = "muxi-user-credentials-salt-v1";

/** The parts of a formation that are for operators: users, credentials, keys, audit log, events, configuration. */
export const openAdministration = async ({ formation, keys, store, env, now, log }: AdministrationDeps) => {
  const { id: formationId, manifest } = formation;
  const { encryption, credential_ttl_minutes } = manifest.user_credentials;
  const secrets = await openSecrets(formation.dir);
  const redactor = createRedactor({
    secrets: knownSecrets(secrets, formation, keys, env),
    entities: manifest.logging.redaction.entities,
  });
  const observability = createObservability({
    formationId,
    version: releaseVersion,
    server: hostname(),
    redactor,
    now,
  });
  addConfigured(observability, {
    logging: manifest.logging,
    dir: formation.dir,
    output: process.stdout,
    log,
  });
  const otlp = otlpSettings(env, formationId);
  if (otlp) {
    const { exportOtlp } = await import("./observability/otlp/index.ts");
    const agents = new Map(formation.agents.map(({ id, name }) => [id, name]));
    exportOtlp(observability, { settings: otlp, version: releaseVersion, agents, now, log });
  }
  const logs = createLogFeed({ formationId, hints: store.hints, observability });
  const identities = await createIdentities({
    formationId,
    users: store.users,
    isShared: store.isShared,
    now,
  });
  const vault = createCredentialVault({
    credentials: store.credentials,
    encryption: { key: encryption.key ?? formationId, salt: encryption.salt ?? defaultSalt },
    keepFor: credential_ttl_minutes * 60_000,
    now,
  });

  return {
    identities,
    observability,
    logs,
    watch: createWatch(observability, now),
    redactor,
    /** Credentials for the formation's MCP servers. */
    credentials: {
      ofUser: vault.reveal,
      ofFormation: (service: string) => secrets.get(`USER_CREDENTIALS_${service}`),
      redirectMessage: manifest.user_credentials.redirect_message,
      isDynamic: manifest.user_credentials.mode === "dynamic",
    } satisfies CredentialSource,
    keepCredential: vault.put,
    audit: createAuditTrail({ formationId, audit: store.audit, now, log }),
    endpoints: {
      ...secretEndpoints({ secrets, used: formation.usedSecrets }),
      ...configurationEndpoints({ formation, redactor }),
      ...procedureEndpoints({ formation }),
      ...userEndpoints(identities),
      ...credentialEndpoints({ formation, vault }),
      ...approvalEndpoints({ formationId, approvals: store.approvals }),
      ...auditEndpoints({ formationId, audit: store.audit }),
      streamLogs: logsEndpoint(logs),
    },
  };
};

import type { McpServerDefinition } from "@muxi/formation";
import { type CredentialVault, credentialServices } from "../users/index.ts";
import type { Endpoints } from "./endpoint.ts";

type Shown = Awaited<ReturnType<CredentialVault["get"]>>;

const iso = (milliseconds: number) => new Date(milliseconds).toISOString();

const wireCredential = ({ id, service, name, preview, createdAt, updatedAt }: Shown) => ({
  credential_id: id,
  service,
  name,
  credential_preview: preview,
  created_at: iso(createdAt),
  updated_at: iso(updatedAt),
});

interface CredentialsDeps {
  formationId: string;
  servers: readonly McpServerDefinition[];
  vault: CredentialVault;
}

/** The endpoints of contract/formation-api.md 4.19. */
export const credentialEndpoints = ({ formationId, servers, vault }: CredentialsDeps) => {
  const services = credentialServices(servers);

  return {
    async getCredentialServices() {
      return { services, count: services.length };
    },

    async getCredentials({ userId }) {
      const credentials = (await vault.list({ formationId, userId })).map(wireCredential);
      return { credentials, count: credentials.length };
    },

    async createCredential({ body: { service, credential, name }, userId }) {
      return wireCredential(await vault.add({ formationId, userId }, service, credential, name ?? undefined));
    },

    async getCredential({ params: { credential_id }, userId }) {
      return wireCredential(await vault.get({ formationId, userId }, credential_id));
    },

    async deleteCredential({ params: { credential_id }, userId }) {
      await vault.delete({ formationId, userId }, credential_id);
      return { credential_id, deleted: true };
    },
  } satisfies Partial<Endpoints>;
};

import { credentialServices, type Formation, isServerDefinition } from "@muxi/formation";
import { isoTime } from "../base/index.ts";
import type { CredentialVault } from "../users/index.ts";
import type { Endpoints } from "./endpoint.ts";

type Shown = Awaited<ReturnType<CredentialVault["get"]>>;

const wireCredential = ({ id, service, name, preview, createdAt, updatedAt }: Shown) => ({
  credential_id: id,
  service,
  name,
  credential_preview: preview,
  created_at: isoTime(createdAt),
  updated_at: isoTime(updatedAt),
});

interface CredentialsDeps {
  formation: Formation;
  vault: CredentialVault;
}

/** The endpoints of docs/spec/formation-api.md "Credentials". */
export const credentialEndpoints = ({ formation, vault }: CredentialsDeps) => {
  const formationId = formation.id;
  const own = formation.agents.flatMap(({ mcp_servers }) => mcp_servers.filter(isServerDefinition));
  const services = [...formation.mcpServers, ...own].flatMap((server) =>
    credentialServices(server).map((service) => ({
      service,
      server_id: server.id,
      description: server.description,
    })),
  );

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

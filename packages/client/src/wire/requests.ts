/** Requests and events (contract/formation-api.md 4.3, 4.5, 5.2, 6). */


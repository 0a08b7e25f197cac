/**
 * A management operation that cannot be done, as its caller is told (contract/server-api.md 5.2, 17.5). The message
 * is written for them.
 */
export class Failure extends Error {
  override readonly name = "Failure";
  /** Such as `FormationExists`; the `error` of a progress stream. */
  readonly type: string;
  readonly status: number;

  constructor(status: number, type: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.type = type;
  }
}

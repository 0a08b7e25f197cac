import { DatabaseSync } from "node:sqlite";

/** What mem0ai uses of the package of this name, which has to be compiled. */
export default class Database extends DatabaseSync {
  transaction(work) {
    return (...args) => {
      this.exec("begin");
      try {
        const result = work(...args);
        this.exec("commit");
        return result;
      } catch (error) {
        this.exec("rollback");
        throw error;
      }
    };
  }
}

// The shop's orders and parcels, and its till. One JSON message a line comes in, and one goes out.
import { createInterface } from "node:readline";

const orders = {
  1017: { bought: "a rain coat", arrived: "4 days ago", paid: "45.00 GBP" },
  1018: { bought: "six jars of honey", arrived: "2 days ago", paid: "27.00 GBP" },
};
const paidBack = new Set();

const orderOf = (number) => {
  const order = orders[number];
  if (!order) throw new Error(`There is no order ${number}: known are ${Object.keys(orders).join(" and ")}`);
  return order;
};

const findOrder = ({ order }) => {
  const { bought, arrived, paid } = orderOf(order);
  return `Order ${order}: ${bought} for ${paid}, arrived ${arrived}`;
};

const findParcel = ({ order }) => {
  orderOf(order);
  return `The parcel with order ${order} has come back and is undamaged`;
};

const refund = ({ order }) => {
  const { paid } = orderOf(order);
  if (paidBack.has(order)) throw new Error(`Order ${order} was paid back before`);
  paidBack.add(order);
  return `Paid back ${paid} for order ${order}`;
};

const writeLetter = ({ order, text }) => {
  orderOf(order);
  const news = paidBack.has(order) ? "the money is on its way" : "nothing is paid back";
  return `A letter about order ${order} is in the post: ${text ?? news}`;
};

const tool = (run, name, description, more = {}) => ({
  run,
  shown: {
    name,
    description,
    inputSchema: {
      type: "object",
      properties: { order: { type: "string", description: "Number of the order, such as 1017" }, ...more },
      required: ["order"],
    },
  },
});

const tools = [
  tool(findOrder, "find_order", "Says what an order was, when it arrived and what was paid"),
  tool(findParcel, "find_parcel", "Says where the parcel is that a customer has sent back"),
  tool(refund, "refund", "Pays the whole price of an order back"),
  tool(writeLetter, "write_letter", "Sends a letter about an order to the customer", {
    text: { type: "string", description: "What the letter says" },
  }),
];

const text = (content, isError = false) => ({ content: [{ type: "text", text: content }], isError });

const call = ({ name, arguments: given }) => {
  const called = tools.find(({ shown }) => shown.name === name);
  try {
    return text(called.run(given ?? {}));
  } catch (error) {
    return text(error.message, true); // The model reads it, and may try again.
  }
};

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "desk", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({ tools: tools.map(({ shown }) => shown) }),
  "tools/call": call,
};

const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params = {} } = JSON.parse(line);
  if (id === undefined) continue; // A notification wants no answer.
  const answer = answers[method];
  if (answer) write({ id, result: answer(params) });
  else write({ id, error: { code: -32601, message: `There is no ${method}` } });
}

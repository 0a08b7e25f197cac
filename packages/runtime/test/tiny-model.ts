import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";

// As much of ONNX's protobuf as a model of one step needs (github.com/onnx/onnx, onnx.proto).

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];
const numberField = (field: number, value: number): Buffer =>
  Buffer.from([...varint(field * 8), ...varint(value)]);
const bytesField = (field: number, value: Buffer | string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);
};
const message = (field: number, ...parts: Buffer[]): Buffer => bytesField(field, Buffer.concat(parts));

const [float, int64] = [1, 7];

/** An input or output, whose dimensions are numbers or names of numbers. */
const value = (field: number, name: string, type: number, dimensions: readonly (number | string)[]): Buffer =>
  message(
    field,
    bytesField(1, name),
    message(
      2,
      message(
        1,
        numberField(1, type),
        message(
          2,
          ...dimensions.map((size) =>
            message(1, typeof size === "number" ? numberField(1, size) : bytesField(2, size)),
          ),
        ),
      ),
    ),
  );

/** A model whose vector of a word is a row of a table. */
const onnxOf = (rows: readonly (readonly number[])[]): Buffer => {
  const width = rows[0]?.length ?? 0;
  const table = Buffer.from(Float32Array.from(rows.flat()).buffer);
  const graph = message(
    7,
    message(
      1,
      ...["table", "input_ids"].map((name) => bytesField(1, name)),
      bytesField(2, "last_hidden_state"),
      bytesField(4, "Gather"),
    ),
    bytesField(2, "tiny"),
    message(
      5,
      numberField(1, rows.length),
      numberField(1, width),
      numberField(2, float),
      bytesField(8, "table"),
      bytesField(9, table),
    ),
    value(11, "input_ids", int64, ["batch", "length"]),
    value(11, "attention_mask", int64, ["batch", "length"]),
    value(12, "last_hidden_state", float, ["batch", "length", width]),
  );
  return Buffer.concat([numberField(1, 8), graph, message(8, bytesField(1, ""), numberField(2, 13))]);
};

const padding = "[PAD]";
const unknown = "[UNK]";

/** Writes an embedding model as a folder of the Hugging Face Hub has it, which knows some words and their vectors. */
export const writeTinyModel = async (
  folder: string,
  words: Readonly<Record<string, readonly number[]>>,
): Promise<void> => {
  const width = Object.values(words)[0]?.length ?? 0;
  const known = [padding, unknown, ...Object.keys(words)];
  const nothing = Array<number>(width).fill(0);
  const special = (content: string, id: number) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  });
  const files = {
    "config.json": { model_type: "bert", hidden_size: width, vocab_size: known.length },
    "tokenizer_config.json": {
      tokenizer_class: "PreTrainedTokenizer",
      pad_token: padding,
      unk_token: unknown,
      model_max_length: 64,
    },
    "tokenizer.json": {
      version: "1.0",
      added_tokens: [special(padding, 0), special(unknown, 1)],
      normalizer: { type: "Lowercase" },
      pre_tokenizer: { type: "Whitespace" },
      post_processor: null,
      decoder: null,
      model: {
        type: "WordLevel",
        vocab: Object.fromEntries(known.map((word, id) => [word, id])),
        unk_token: unknown,
      },
    },
  };
  await mkdir(path.join(folder, "onnx"), { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(path.join(folder, name), JSON.stringify(content));
  await writeFile(
    path.join(folder, "onnx", "model.onnx"),
    onnxOf([nothing, nothing, ...Object.values(words)]),
  );
};

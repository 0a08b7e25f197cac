import { Validator } from "@seriousme/openapi-schema-validator";

const response = await fetch(process.env.MUXI_OPENAPI_URL);
const { valid, errors } = await new Validator().validate(await response.json());
if (!valid) throw new Error(JSON.stringify(errors));

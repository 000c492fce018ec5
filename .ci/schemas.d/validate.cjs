// Validates documents in JSON or YAML: node validate.cjs MODULES SCHEMA DOCUMENT..
// Prints by path what is wrong with each, or null.
"use strict";

const fs = require("node:fs");
const path = require("node:path");

const [modules, schemaPath, ...documents] = process.argv.slice(2);
const load = (name) => require(path.join(modules, "node_modules", name));

const schema = JSON.parse(fs.readFileSync(schemaPath, "utf8"));
const is2020 = String(schema.$schema).includes("2020-12");
const Ajv = load(is2020 ? "ajv/dist/2020" : "ajv-draft-04").default;
const ajv = new Ajv({ strict: is2020, strictTypes: false, strictRequired: false, unicodeRegExp: is2020 });
load("ajv-formats").default(ajv);
const validate = ajv.compile(schema);
const yaml = load("yaml");

// One document without anything that is not JSON, as the command wants it.
function read(file) {
  const text = fs.readFileSync(file, "utf8");
  if (!file.endsWith(".yaml")) return JSON.parse(text);
  return yaml.parse(text, { version: "1.2", schema: "core", uniqueKeys: true, maxAliasCount: 0 });
}

const found = {};
for (const file of documents) {
  try {
    const fits = validate(read(file));
    found[file] = fits ? null : ajv.errorsText(validate.errors);
  } catch (error) {
    found[file] = String(error.message).split("\n")[0];
  }
}
process.stdout.write(JSON.stringify(found));

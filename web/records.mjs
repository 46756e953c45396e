// The records of the API as types of TypeScript, from docs/reference/api.json (which CI holds equal to what the binary says).

/** @param {string} name */
const last = (name) => name.slice(name.lastIndexOf("/") + 1);

function memberName(name) {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

/** Without a type of its own a member may be anything: whoever reads it has to look first. */
function typeOf(schema) {
  if (schema.$ref) {
    return last(schema.$ref);
  }
  if (schema.const !== undefined) {
    return JSON.stringify(schema.const);
  }
  if (schema.enum) {
    return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) {
    return choices.map(typeOf).join(" | ");
  }
  const names = Array.isArray(schema.type) ? schema.type : [schema.type];
  return names.map((name) => plainType(name, schema)).join(" | ");
}

function plainType(name, schema) {
  switch (name) {
    case "string":
    case "boolean":
    case "null":
      return name;
    case "integer":
    case "number":
      return "number";
    case "array":
      return `(${typeOf(schema.items ?? {})})[]`;
    case "object":
      return schema.properties ? members(schema) : "Record<string, unknown>";
    default:
      return "unknown";
  }
}

function members(schema) {
  const needed = new Set(schema.required ?? []);
  const lines = Object.entries(schema.properties ?? {}).map(([name, one]) => {
    return `${memberName(name)}${needed.has(name) ? "" : "?"}: ${typeOf(one)}`;
  });
  return `{ ${lines.join("; ")} }`;
}

/** @param {{components: {schemas: Record<string, object>}}} api @returns {string} */
export function recordsOf(api) {
  const parts = Object.entries(api.components.schemas).map(([name, schema]) => `export type ${name} = ${typeOf(schema)};`);
  return `// Made by web/records.mjs from docs/reference/api.json.\n${parts.join("\n")}\n`;
}

const reach = "/api/v1";

function bodyOf(operation) {
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  return schema?.$ref ? last(schema.$ref) : "undefined";
}

function answerOf(operation) {
  for (const [status, answer] of Object.entries(operation.responses)) {
    const schema = Object.values(answer.content ?? {})[0]?.schema;
    const found = schema?.properties?.data ?? schema;
    if (status.startsWith("2") && found?.$ref) {
      return last(found.$ref);
    }
  }
  return "string";
}

/** What each path takes as its body and answers: {"POST /incidents": {body: IncidentInput; answer: Incident}}. */
export function callsOf(api) {
  const lines = [];
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (path.startsWith(reach)) {
        const name = `${method.toUpperCase()} ${path.slice(reach.length)}`;
        lines.push(`  ${JSON.stringify(name)}: { body: ${bodyOf(operation)}; answer: ${answerOf(operation)} };`);
      }
    }
  }
  return `export type Calls = {\n${lines.join("\n")}\n};\n`;
}

/** The words of each enumeration, for lists to choose from: what is not used is not in the bundle. */
export function wordsOf(api) {
  return Object.entries(api.components.schemas)
    .filter(([, schema]) => schema.enum)
    .map(([name, schema]) => `export const all${name}: readonly ${name}[] = ${JSON.stringify(schema.enum)};\n`)
    .join("");
}

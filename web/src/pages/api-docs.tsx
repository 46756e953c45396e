/** The API's description, read from the server that is asked: each path with its members, and a way to try it. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isRecord, raw, wordsOf } from "../api";
import { setFilters, type Route } from "../router";
import { Field, Form } from "../ui/form";
import { exampleOf, readKnown, readPath } from "./api-example";
import { Page } from "../ui/page";

interface Operation {
  method: string;
  path: string;
  summary: string;
  parameters: { name: string; where: string; about: string; required: boolean }[];
  body: string | undefined;
  answer: string | undefined;
}

interface Description {
  operations: Operation[];
  schemas: Record<string, unknown>;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const inside = (value: unknown, ...names: string[]): unknown => names.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), value);

function referred(schema: unknown): string | undefined {
  const found = text(inside(schema, "$ref")) || text(inside(schema, "properties", "data", "$ref"));
  return found === "" ? undefined : found.slice(found.lastIndexOf("/") + 1);
}

function operationOf(method: string, path: string, value: unknown): Operation {
  const listed = inside(value, "parameters");
  const answers = inside(value, "responses");
  const good = isRecord(answers) ? Object.entries(answers).find(([status]) => status.startsWith("2"))?.[1] : undefined;
  return {
    method: method.toUpperCase(), path, summary: text(inside(value, "summary")),
    parameters: (Array.isArray(listed) ? listed : []).map((one: unknown) => ({ name: text(inside(one, "name")), where: text(inside(one, "in")), about: text(inside(one, "description")), required: inside(one, "required") === true })),
    body: referred(inside(value, "requestBody", "content", "application/json", "schema")),
    answer: referred(inside(good, "content", "application/json", "schema")),
  };
}

function descriptionOf(found: unknown): Description {
  const paths = inside(found, "paths");
  const schemas = inside(found, "components", "schemas");
  const operations = Object.entries(isRecord(paths) ? paths : {}).flatMap(([path, methods]) => Object.entries(isRecord(methods) ? methods : {}).map(([method, value]) => operationOf(method, path, value)));
  return { operations, schemas: isRecord(schemas) ? schemas : {} };
}

/** The name of a member's type, for people. */
function typeWords(schema: unknown): string {
  const referredTo = referred(schema);
  const type = inside(schema, "type");
  if (referredTo) {
    return referredTo;
  }
  if (type === "array") {
    return `list of ${typeWords(inside(schema, "items"))}`;
  }
  const format = text(inside(schema, "format"));
  return `${Array.isArray(type) ? type.join(" or ") : text(type)}${format ? ` (${format})` : ""}`;
}

function Members({ name, schemas }: { name: string; schemas: Record<string, unknown> }): VNode | null {
  const schema = schemas[name];
  const members = inside(schema, "properties");
  const required = inside(schema, "required");
  const needed: unknown[] = Array.isArray(required) ? required : [];
  return !isRecord(members) ? null : (
    <details>
      <summary>{name}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={`Members of ${name}`}>
        <table>
          <thead><tr><th scope="col">Member</th><th scope="col">Type</th><th scope="col">About</th></tr></thead>
          <tbody>{Object.entries(members).map(([member, value]) => <tr key={member}><th scope="row"><code>{member}</code>{needed.includes(member) ? " *" : ""}</th><td>{typeWords(value)}</td><td>{text(inside(value, "description"))}</td></tr>)}</tbody>
        </table>
      </div>
    </details>
  );
}

function TryIt({ of, schemas }: { of: Operation; schemas: Record<string, unknown> }): VNode {
  const [values, setValues] = useState<Record<string, string>>({});
  const [body, setBody] = useState("");
  const [isReady, setReady] = useState(false);
  const fill = async (): Promise<void> => {
    const [known, path] = await Promise.all([readKnown(), readPath(of.path)]);
    setValues((before) => ({ ...path, ...before }));
    setBody((before) => before || (of.body === undefined ? "" : JSON.stringify(exampleOf(of.body, schemas, known) ?? {}, null, 2)));
    setReady(true);
  };
  useEffect(() => void fill(), []);
  const [answer, setAnswer] = useState<string | undefined>(undefined);
  const shown = of.parameters.filter((one) => one.where !== "header");
  const run = async (): Promise<void> => {
    setAnswer(undefined);
    let target = of.path;
    const query = new URLSearchParams();
    for (const one of shown) {
      const value = values[one.name] ?? "";
      if (one.where === "path") {
        target = target.replace(`{${one.name}}`, encodeURIComponent(value));
      } else if (value !== "") {
        query.set(one.name, value);
      }
    }
    const all = query.toString();
    const found = await raw(of.method, all ? `${target}?${all}` : target, of.body === undefined ? undefined : body);
    setAnswer(typeof found === "string" ? found : JSON.stringify(found, null, 2));
  };
  return (
    <Form name={`Try ${of.method} ${of.path}${isReady ? "" : ", its example is read"}`} submit="Send" run={run} needs={of.method === "GET" ? "nothing" : "respond"}>
      <div class="fields">
        {shown.map((one) => <Field key={one.name} label={`${one.name}${one.required ? " *" : ""}`} value={values[one.name] ?? ""} onChange={(value) => setValues({ ...values, [one.name]: value })} hint={one.about} />)}
      </div>
      {of.body === undefined ? null : <Field label="Body" value={body} onChange={setBody} rows={7} />}
      {answer === undefined ? null : <pre class="text" role="status" tabIndex={0}>{answer}</pre>}
    </Form>
  );
}

function OperationItem({ of, schemas }: { of: Operation; schemas: Record<string, unknown> }): VNode {
  const [isOpen, setOpen] = useState(false);
  return (
    <article tabIndex={-1} data-row>
      <header>
        <h2 class="path"><code><b class={`method m-${of.method}`}>{of.method}</b> {of.path}</code></h2>
        <button type="button" data-key="o" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label={`${isOpen ? "Close" : "Open"} ${of.method} ${of.path}`}>{isOpen ? "Close" : "Open"}</button>
      </header>
      <p>{of.summary}</p>
      {isOpen ? (
        <>
          {of.body ? <><b>Body</b><Members name={of.body} schemas={schemas} /></> : null}
          {of.answer ? <><b>Answer</b><Members name={of.answer} schemas={schemas} /></> : null}
          {of.path.endsWith("/stream") ? <p class="faint">An endless answer: try it with curl -N.</p> : <TryIt of={of} schemas={schemas} />}
        </>
      ) : null}
    </article>
  );
}

export function ApiDocs({ route }: { route: Route }): VNode {
  const [found, set] = useState<Description | undefined>(undefined);
  const [problem, setProblem] = useState<string | undefined>(undefined);
  useEffect(() => {
    raw("GET", "/openapi.json").then((value) => set(descriptionOf(value)), (error: unknown) => setProblem(wordsOf(error)));
  }, []);
  const words = (route.query.get("find") ?? "").toLowerCase();
  const shown = (found?.operations ?? []).filter((one) => `${one.method} ${one.path} ${one.summary}`.toLowerCase().includes(words));
  return (
    <Page title="API" aside={<a href="/openapi.json">openapi.json</a>}>
      <div class="filters"><Field label="Find" value={route.query.get("find") ?? ""} onChange={(find) => setFilters(route, { find })} /><span class="faint">{shown.length} of {found?.operations.length ?? 0} paths; what is tried is done, by your session</span></div>
      {problem ? <p class="error" role="alert">{problem}</p> : null}
      {shown.map((one) => <OperationItem key={`${one.method} ${one.path}`} of={one} schemas={found?.schemas ?? {}} />)}
    </Page>
  );
}

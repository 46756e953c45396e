/** Examples that run: bodies from the schemas of /openapi.json, with people and agents of this server, and ids of what is there. */
import { isRecord, raw } from "../api";
import { serverNow } from "../clock";
import { pageZone } from "../time";

export type Schemas = Record<string, unknown>;

/** Ids by the name of the member that takes them. */
export type Known = Record<string, string>;

const inside = (value: unknown, ...names: string[]): unknown => names.reduce<unknown>((at, name) => (isRecord(at) ? at[name] : undefined), value);

const hour = 3_600_000;

function later(hours: number): string {
  return `${new Date(serverNow() + hours * hour).toISOString().slice(0, 19)}Z`;
}

function textOf(format: unknown, member: string): string {
  const samples: Record<string, string> = {
    e164: "+14155550142", email: "ana@example.com", uri: "https://example.com/tocsin", timezone: pageZone(), owner: "example", "dedup-key": "example",
    "call-id": "call-example", slug: "example", "hh:mm": "09:00", date: later(24).slice(0, 10), holiday: later(24).slice(0, 10), "end-date": later(48), when: later(24),
    "date-time": later(member === "end" || member === "endsAt" ? 25 : 24), language: "en", locale: "en", "holiday-name": "example", phone: "+14155550142",
  };
  return samples[typeof format === "string" ? format : ""] ?? "Example";
}

/** What makes a body whole where its schema only says which members must be there. */
const extras: Record<string, unknown> = {
  SinkInput: { kind: "WEBHOOK", webhook: { url: "https://example.com/tocsin" } }, MaintenanceWindowInput: { minutes: 60 }, HolidayCalendarInput: { dates: [later(24 * 40).slice(0, 10)] },
  CalendarInput: { kind: "ics", url: "https://example.com/calendar.ics" }, TextPreviewInputInput: { key: "MEETING_UPCOMING_EMAIL", channel: "EMAIL" },
  MockAnswerInputInput: { phone: "+14155550142", channel: "CALL", do: "press 1" }, ScheduleLayerInput: { rotation: { type: "WEEKLY", interval: 1, handoffTime: "09:00", handoffDay: "MON", start: later(0) } }, AgentInput: { script: "Hello, your appointment is tomorrow." },
};

function sampleOf(schema: unknown, member: string, schemas: Schemas, known: Known): unknown {
  const reference = inside(schema, "$ref");
  if (typeof reference === "string") {
    const name = reference.slice(reference.lastIndexOf("/") + 1);
    return exampleOf(name, schemas, known) ?? sampleOf(schemas[name], member, schemas, known);
  }
  const choices = inside(schema, "enum");
  const type = inside(schema, "type");
  const kind = Array.isArray(type) ? type[0] : type;
  if (Array.isArray(choices)) {
    return choices[0];
  }
  switch (kind) {
    case "integer":
      return Math.max(60, Number(inside(schema, "minimum") ?? 1));
    case "boolean":
      return false;
    case "array":
      return [sampleOf(inside(schema, "items"), member, schemas, known)];
    case "object":
      return {};
    default:
      return known[member] ?? textOf(inside(schema, "format"), member);
  }
}

/** A body with what must be there; undefined where the record is none of members. */
export function exampleOf(name: string, schemas: Schemas, known: Known): unknown {
  const members = inside(schemas[name], "properties");
  const required = inside(schemas[name], "required");
  if (!isRecord(members)) {
    return undefined;
  }
  const wanted = Array.isArray(required) ? required.map(String) : [];
  const extra = extras[name];
  const needed = Object.fromEntries(wanted.map((member) => [member, sampleOf(members[member], member, schemas, known)]));
  const isOfSomebody = wanted.length === 0 || name === "ScheduleOverrideInput";
  const optional = Object.keys(members).filter((member) => isOfSomebody && member === "userId" && known[member]).map((member) => [member, known[member]]);
  return { ...needed, ...Object.fromEntries(optional), ...(isRecord(extra) ? extra : {}) };
}

/** The first record of a list, by whatever name its list has. */
function firstOf(answer: unknown): Record<string, unknown> | undefined {
  const data = inside(answer, "data");
  const list = isRecord(data) ? Object.values(data).find(Array.isArray) : undefined;
  const first: unknown = list?.[0];
  return isRecord(first) ? first : undefined;
}

async function firstAt(path: string): Promise<Record<string, unknown> | undefined> {
  try {
    return firstOf(await raw("GET", path));
  } catch {
    return undefined; // There is no such list: whoever tries it knows an id.
  }
}

let reading: Promise<Known> | undefined;

/** People and agents of this server, read once. */
export function readKnown(): Promise<Known> {
  reading ??= (async () => {
    const [user, agent] = [await firstAt("/api/v1/users?limit=1"), await firstAt("/api/v1/agents?limit=1")];
    const known: Known = {};
    if (typeof user?.["id"] === "string") {
      Object.assign(known, { userId: user["id"], technicians: user["id"] });
    }
    if (typeof agent?.["id"] === "string") {
      known["agentId"] = agent["id"];
    }
    return known;
  })();
  return reading;
}

/** For "/api/v1/users/{id}/keys/{id2}" the first person, and the first of their keys. */
export async function readPath(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let before = "";
  for (const part of path.split("/").slice(1)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) {
      before += `/${part}`;
      continue;
    }
    const first = name === "token" || name === "key" ? undefined : await firstAt(before);
    const value = ["id", "_id", "eventId", "callId", "kind", "name"].map((one) => first?.[one]).find((one) => typeof one === "string");
    const chosen = name === "policy" || name === "kind" || name === "callId" ? first?.[name === "policy" ? "name" : name] : value;
    if (typeof chosen !== "string") {
      return found;
    }
    found[name] = chosen;
    before += `/${encodeURIComponent(chosen)}`;
  }
  return found;
}

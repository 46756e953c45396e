/** Requests to the server. An answer that says no becomes an ApiError with the server's own words. */
import type { Calls } from "records";

export type Args = Record<string, string | number | boolean | undefined>;
export type CallName = keyof Calls;

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What to show of anything that was thrown. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** "/incidents/{id}" with {id, limit}: what the path names goes into it, the rest behind it. */
export function targetOf(path: string, args: Args = {}): string {
  const left = new URLSearchParams();
  let target = path;
  for (const [name, value] of Object.entries(args)) {
    if (value === undefined || value === "") {
      continue;
    }
    if (target.includes(`{${name}}`)) {
      target = target.replace(`{${name}}`, encodeURIComponent(String(value)));
    } else {
      left.set(name, String(value));
    }
  }
  const query = left.toString();
  return `/api/v1${target}${query ? `?${query}` : ""}`;
}

async function send(target: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(target, { ...init, credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new ApiError(0, "unreachable", "The server cannot be reached.");
  }
}

const turnsMax = 4;
const waitMaxSeconds = 5;

/** What is only read is asked for once more where the server has no time for it at this moment and says when it will. */
async function sendPatiently(method: string, target: string, init: RequestInit): Promise<Response> {
  for (let turn = 1; ; turn++) {
    const response = await send(target, init);
    const seconds = Number(response.headers.get("Retry-After"));
    if (method !== "GET" || response.status !== 429 || turn === turnsMax || !(seconds > 0 && seconds <= waitMaxSeconds)) {
      return response;
    }
    await new Promise((done) => setTimeout(done, seconds * 1000));
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function errorOf(status: number, body: unknown): ApiError {
  const found = isRecord(body) && isRecord(body["error"]) ? body["error"] : {};
  const text = (name: string): string | undefined => (typeof found[name] === "string" ? found[name] : undefined);
  return new ApiError(status, text("code") ?? "error", text("message") ?? `The server answered ${status}.`, text("field"));
}

let signedOut: () => void = () => {};

/** Who is told that the session is over. */
export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

/** A request as it stands, for bodies that are not JSON and for paths that are typed by hand. */
export async function raw(method: string, target: string, body?: string, contentType = "application/json"): Promise<unknown> {
  const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": contentType };
  const response = await sendPatiently(method, target, { method, headers, ...(body === undefined ? {} : { body }) });
  const found = await bodyOf(response);
  if (!response.ok) {
    if (response.status === 401 && !target.endsWith("/session")) {
      signedOut();
    }
    throw errorOf(response.status, found);
  }
  return found;
}

/** A request by its name in the API's description: call("POST /incidents/{id}/acknowledge", {id}). */
export async function call<N extends CallName>(name: N, args?: Args, body?: Calls[N]["body"]): Promise<Calls[N]["answer"]> {
  const space = name.indexOf(" ");
  const text = body === undefined ? undefined : JSON.stringify(body);
  const found = await raw(name.slice(0, space), targetOf(name.slice(space + 1), args), text);
  const data = isRecord(found) && "data" in found ? found["data"] : found;
  return data as Calls[N]["answer"];
}

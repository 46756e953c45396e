/** The event stream, read by fetch so that its heartbeats are seen: a connection that says nothing is known to be dead. */
import { isRecord } from "./api";
import type { Event } from "records";

export type LiveState = "connecting" | "live" | "stale";
/** "messages": states or receipts of some messages have changed; it comes once a second at most. */
export type News = Event | "again" | "messages";

const silenceMs = 40_000;
const againMs = [500, 1000, 2000, 4000];

const newsListeners = new Set<(news: News) => void>();
const stateListeners = new Set<(state: LiveState) => void>();
let state: LiveState = "connecting";
let lastId = "";
let failures = 0;
let stop: AbortController | undefined;

export function onNews(listener: (news: News) => void): () => void {
  newsListeners.add(listener);
  return () => void newsListeners.delete(listener);
}

export function onLiveState(listener: (state: LiveState) => void): () => void {
  stateListeners.add(listener);
  listener(state);
  return () => void stateListeners.delete(listener);
}

function become(next: LiveState): void {
  if (state !== next) {
    state = next;
    stateListeners.forEach((tell) => tell(next));
  }
}

function tellAll(news: News): void {
  newsListeners.forEach((tell) => tell(news));
}

/** One block of the stream: lines up to an empty one. */
function take(block: string): void {
  let type = "";
  let data = "";
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trimStart();
    if (line.startsWith("id:")) {
      lastId = value;
    } else if (line.startsWith("event:")) {
      type = value;
    } else if (line.startsWith("data:")) {
      data += value;
    }
  }
  if (type === "EVENTS_LOST") {
    tellAll("again");
  } else if (type === "MESSAGES_CHANGED") {
    tellAll("messages");
  } else if (data !== "") {
    const found: unknown = JSON.parse(data);
    if (isRecord(found)) {
      tellAll(found as Event);
    }
  }
}

async function read(body: ReadableStream<Uint8Array>, heard: () => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      return;
    }
    heard();
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      take(text.slice(0, end));
      text = text.slice(end + 2);
    }
  }
}

async function connectOnce(own: AbortController): Promise<boolean> {
  let timer = setTimeout(() => own.abort(), silenceMs);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => own.abort(), silenceMs);
  };
  try {
    const headers: Record<string, string> = lastId === "" ? {} : { "Last-Event-ID": lastId };
    const answer = await fetch("/api/v1/stream?messages=true", { headers, signal: own.signal, cache: "no-store" });
    if (answer.status === 401) {
      return false;
    }
    if (answer.ok && answer.body) {
      failures = 0;
      become("live");
      tellAll("again");
      await read(answer.body, heard);
    }
  } catch {
    // The loop tries again.
  } finally {
    clearTimeout(timer);
  }
  return true;
}

/** Listens until it is stopped; `ended` is told that the session is over. */
export async function startLive(ended: () => void): Promise<void> {
  stopLive();
  const own = new AbortController();
  stop = own;
  for (;;) {
    const connection = new AbortController();
    own.signal.addEventListener("abort", () => connection.abort());
    const goesOn = await connectOnce(connection);
    if (own.signal.aborted) {
      return;
    }
    if (!goesOn) {
      ended();
      return;
    }
    become("stale");
    await new Promise((done) => setTimeout(done, againMs[Math.min(failures++, againMs.length - 1)]));
  }
}

export function stopLive(): void {
  stop?.abort();
  stop = undefined;
}

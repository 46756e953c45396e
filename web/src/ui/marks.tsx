/** Small marks: states, severities, channels, and how far a message got. */
import type { VNode } from "preact";
import type { Channel, ReceiptLevel, Severity } from "records";

const tones: Record<string, string> = {
  ESCALATING: "bad", OPEN: "warn", ACKNOWLEDGED: "good", RESOLVED: "calm", CANCELLED: "calm", FAILED: "bad", UNDELIVERED: "bad",
  DELIVERED: "good", ANSWERED: "good", EXECUTED: "good", SENT: "good", SENDING: "warn", QUEUED: "calm", NO_ANSWER: "warn", BUSY: "warn",
  SKIPPED: "calm", PENDING: "calm", DISPATCHING: "warn", ACCEPTED: "good", EXHAUSTED: "bad", COMPLETED: "calm", NEW: "warn", OK: "good",
  CLOSED: "good", HALF_OPEN: "warn", FAILING: "bad", PAUSED: "warn", MISSED: "bad", WAITING: "calm", ACTIVE: "good", DECLINED: "bad",
  completed: "good", failed: "bad", processing: "warn", pending: "calm", cancelled: "calm", JOINED: "good", UNREACHABLE: "bad",
  CRITICAL: "bad", HIGH: "bad", MEDIUM: "warn", LOW: "calm", ASKED: "warn", active: "warn", DISABLED: "warn",
};

export function plain(word: string): string {
  return word.toLowerCase().replaceAll("_", " ");
}

const sources: Record<string, string> = { ENGINE: "engine", CREATE: "the provider's answer", CALLBACK: "the provider's callback", POLL: "asking the provider", PERSON: "the person" };

/** From whom it is known what became of a message; other names as they are. */
export function sourceName(of: string | undefined): string {
  return of === undefined ? "" : (sources[of] ?? of);
}

export function State({ of }: { of: string | undefined }): VNode | null {
  return of === undefined ? null : <span class={`badge ${tones[of] ?? "calm"}`}>{plain(of)}</span>;
}

export function SeverityMark({ of }: { of: Severity | undefined }): VNode | null {
  return of === undefined ? null : <span class={`severity s-${of}`}>{plain(of)}</span>;
}

const channelSigns: Record<Channel, string> = { IN_APP: "◉", EMAIL: "✉", SMS: "✎", WHATSAPP: "✆", CALL: "☎", WEBHOOK: "⇢" };
const channelNames: Record<string, string> = {
  IN_APP: "in app", EMAIL: "email", SMS: "SMS", WHATSAPP: "WhatsApp", CALL: "call", WEBHOOK: "webhook", MESSAGE: "message", REPEAT_CALL: "call again",
};

export function channelName(of: string | undefined): string {
  return of === undefined ? "" : (channelNames[of] ?? plain(of));
}

export function ChannelMark({ of }: { of: Channel | undefined }): VNode | null {
  return of === undefined ? null : (
    <span class="channel"><span aria-hidden="true">{channelSigns[of]}</span> {channelName(of)}</span>
  );
}

const levels: readonly ReceiptLevel[] = ["ACCEPTED", "LEFT", "REACHED", "HUMAN", "CONFIRMED"];
const levelWords: Record<ReceiptLevel, string> = {
  ACCEPTED: "a provider took it", LEFT: "it left the provider", REACHED: "it reached the device", HUMAN: "a human was there", CONFIRMED: "a human confirmed",
};

/** How far a message got, as five dots. */
export function Dots({ level }: { level: ReceiptLevel | undefined }): VNode {
  const count = level === undefined ? 0 : levels.indexOf(level) + 1;
  const words = level === undefined ? "no receipt yet" : levelWords[level];
  return (
    <span class="dots" role="img" aria-label={`Receipt ${count} of 5: ${words}`} title={words}>
      {levels.map((one, at) => <i key={one} class={at < count ? "on" : ""} />)}
    </span>
  );
}

export function money(micros: number | undefined, currency: string | undefined): string {
  return micros === undefined ? "" : `${(micros / 1e6).toFixed(4)} ${currency ?? ""}`.trim();
}

/** Times and countdowns, in the page's zone and by the server's clock. */
import type { VNode } from "preact";
import { useNow } from "../clock";
import { pageZone, shortText, spanText, utcText } from "../time";

interface AtProps {
  at: string | undefined;
  zone?: string | undefined;
  seconds?: boolean;
  /** Leaves the zone's name to the column's heading. */
  bare?: boolean;
}

export function At({ at, zone = pageZone(), seconds = false, bare = false }: AtProps): VNode {
  const now = useNow();
  const when = Date.parse(at ?? "");
  if (Number.isNaN(when)) {
    return <span class="faint">–</span>;
  }
  return (
    <time dateTime={at ?? ""} title={utcText(when)}>
      {shortText(when, now, zone, seconds)}
      {bare ? null : <span class="zone"> {zone}</span>}
    </time>
  );
}

/** "in 4 min 09 s", "2 min 10 s ago". */
export function Countdown({ at, past = "ago" }: { at: string | undefined; past?: string }): VNode | null {
  const now = useNow();
  const when = Date.parse(at ?? "");
  if (Number.isNaN(when)) {
    return null;
  }
  const left = when - now;
  return (
    <span class={left <= 0 ? "countdown past" : left < 60_000 ? "countdown near" : "countdown"}>
      {left > 0 ? `in ${spanText(left + 999)}` : left > -1000 ? "now" : `${spanText(left)} ${past}`}
    </span>
  );
}

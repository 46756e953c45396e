/** Who is on call from when until when. */
import type { VNode } from "preact";
import type { OncallSpan } from "records";
import { At } from "../ui/time";

export function Spans({ spans, isGap = false, zone }: { spans: readonly OncallSpan[]; isGap?: boolean; zone: string | undefined }): VNode {
  return (
    <ul class="due spans">
      {spans.map((one) => (
        <li key={`${one.start}${one.userId}`} tabIndex={-1} data-row>
          <At at={one.start} zone={zone} bare /><span>{isGap ? <span class="badge bad">nobody</span> : <b>{one.userName}</b>} <span class="faint">{one.reason}</span></span><span>until <At at={one.end} zone={zone} bare /></span>
        </li>
      ))}
    </ul>
  );
}

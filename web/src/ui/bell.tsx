import type { VNode } from "preact";

export function Bell(): VNode {
  return (
    <svg class="bell" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <path fill="currentColor" d="M16 3a9 9 0 0 0-9 9v7l-3 5h24l-3-5v-7a9 9 0 0 0-9-9zm-4 23a4 4 0 0 0 8 0z" />
    </svg>
  );
}

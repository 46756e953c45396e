/** A list of any length: only the rows in view are there, all are of one height. */
import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface ListProps<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  row: (item: T) => ComponentChildren;
  label: string;
  rowHeight?: number;
  maxHeight?: number;
  onEnd?: () => void;
  onOpen?: (item: T) => void;
}

const around = 8;

export function List<T>({ items, keyOf, row, label, rowHeight = 56, maxHeight = 640, onEnd, onOpen }: ListProps<T>): VNode {
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const height = Math.min(maxHeight, items.length * rowHeight + 2);
  const first = Math.max(0, Math.floor(top / rowHeight) - around);
  const end = Math.min(items.length, Math.ceil((top + height) / rowHeight) + around);
  useEffect(() => {
    if (end >= items.length && items.length > 0) {
      onEnd?.();
    }
  }, [end, items]);
  return (
    <div
      class="list" ref={place} role="list" aria-label={label} tabIndex={0}
      style={{ height: `${height}px` }} onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div role="presentation" style={{ height: `${items.length * rowHeight}px`, position: "relative" }}>
        {items.slice(first, end).map((item, at) => (
          <div
            key={keyOf(item)} class="row" role="listitem" tabIndex={-1} data-row
            aria-setsize={items.length} aria-posinset={first + at + 1}
            style={{ position: "absolute", top: `${(first + at) * rowHeight}px`, height: `${rowHeight}px`, left: 0, right: 0 }}
            onKeyDown={(event) => event.key === "Enter" && event.target === event.currentTarget && onOpen?.(item)}
          >
            {row(item)}
          </div>
        ))}
      </div>
    </div>
  );
}

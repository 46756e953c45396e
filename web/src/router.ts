/** Pages by the hash: #/incidents/ID?tab=x can be shared and needs nothing of the server. */
import { useEffect, useState } from "preact/hooks";

export interface Route {
  page: string;
  id: string | undefined;
  query: URLSearchParams;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", id] = path.split("/").map(decode);
  return { page: page === "" ? "now" : page, id: id === "" ? undefined : id, query: new URLSearchParams(query) };
}

export function hrefOf(page: string, id?: string, query?: Record<string, string | undefined>): string {
  const left = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value) {
      left.set(name, value);
    }
  }
  const text = left.toString();
  return `#/${page}${id === undefined ? "" : `/${encodeURIComponent(id)}`}${text ? `?${text}` : ""}`;
}

export function go(href: string): void {
  location.hash = href;
}

/** Changes the filters of the page that is shown, without another step in the browser's history. */
export function setFilters(route: Route, filters: Record<string, string | undefined>): void {
  const all = { ...Object.fromEntries(route.query), ...filters };
  history.replaceState(null, "", hrefOf(route.page, route.id, all));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute(): Route {
  const [route, set] = useState(() => routeOf(location.hash));
  useEffect(() => {
    const tell = (): void => set(routeOf(location.hash));
    addEventListener("hashchange", tell);
    return () => removeEventListener("hashchange", tell);
  }, []);
  return route;
}

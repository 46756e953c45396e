/** Dark and light: as the system says, unless the switch says otherwise. */
const key = "tocsin-theme";

export function applyTheme(): void {
  const wanted = localStorage.getItem(key);
  if (wanted === null) {
    document.documentElement.removeAttribute("data-theme");
  } else {
    document.documentElement.dataset["theme"] = wanted;
  }
}

export function isDark(): boolean {
  const wanted = localStorage.getItem(key);
  return wanted === null ? matchMedia("(prefers-color-scheme: dark)").matches : wanted === "dark";
}

export function switchTheme(): void {
  localStorage.setItem(key, isDark() ? "light" : "dark");
  applyTheme();
}

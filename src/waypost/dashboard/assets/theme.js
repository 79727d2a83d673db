// Light or dark: as the system has it until somebody chooses. The choice is a cookie, so that the next page comes
// in it and does not flash.
const YEAR = 31536000;

export function offerThemes() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  document.querySelector("[data-theme-toggle]").addEventListener("click", () => {
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.cookie = `waypost-theme=${root.dataset.theme}; Path=/; Max-Age=${YEAR}; SameSite=Strict`;
  });
}

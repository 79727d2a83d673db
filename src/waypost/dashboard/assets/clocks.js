// Moments come as UTC; they are shown in the reader's own zone and way of writing.
const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function showClocks(root) {
  for (const time of root.querySelectorAll("time[data-clock]")) {
    time.textContent = FORMAT.format(new Date(time.dateTime));
  }
}

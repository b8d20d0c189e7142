// How numbers and times read; the same words as spaces/admin/kit/formatting.py.

export function duration(ms) {
  const seconds = Math.max(ms, 0) / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
}

export function dollars(cost) {
  const amount = Number(cost);
  if (!amount) return "$0";
  if (amount >= 1) return `$${amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return `$${amount.toFixed(6).replace(/0+$/, "")}`;
}

export function count(number) {
  return Number(number).toLocaleString("en-US");
}

export function bytes(size) {
  if (size < 1024) return `${size} bytes`;
  const units = ["KB", "MB", "GB"];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`;
}

// As everywhere in Callboard, of the server's pages too: `2026-11-22 12:00:03 UTC`.
export function moment(iso) {
  return new Date(iso).toISOString().replace(/T(.*)\..*/, " $1 UTC");
}

// The same moment as the reader's own clock shows it.
export function localMoment(iso) {
  return new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "long" });
}

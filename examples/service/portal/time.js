// Clocks: typed times of a zone as instants, and instants for people.

const parts = new Map();

function clock(zone) {
  if (!parts.has(zone)) {
    parts.set(zone, new Intl.DateTimeFormat("en-US", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    }));
  }
  return parts.get(zone);
}

/** How far a zone's clock is ahead of UTC at an instant, in milliseconds. */
function ahead(instant, zone) {
  const part = Object.fromEntries(clock(zone).formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return shown - Math.floor(instant / 1000) * 1000;
}

/** The instants at which a zone's clock shows a time such as `2026-05-01T20:00`: none where the clock
 * is put forward, two where it is put back. */
export function instants(typed, zone) {
  const asUtc = Date.parse(`${typed}Z`);
  if (Number.isNaN(asUtc)) return [];
  const day = 86_400_000;
  const offsets = new Set([ahead(asUtc - day, zone), ahead(asUtc + day, zone)]);
  return [...offsets].map((offset) => asUtc - offset)
    .filter((instant) => ahead(instant, zone) === asUtc - instant)
    .sort((one, other) => one - other);
}

/** The one instant that somebody typed, or a sentence why there is none. */
export function instant(typed, zone) {
  if (!typed) return { error: "Give a date and a time." };
  const found = instants(typed, zone);
  if (found.length === 0) return { error: "This time does not exist: the clock is put forward over it. Give another." };
  if (found.length === 2) return { error: "This time is twice: the clock is put back over it. Give one outside that hour." };
  return { instant: new Date(found[0]).toISOString().replace(".000Z", "Z") };
}

/** An instant as a form field has it, in a zone. */
export function typed(instant, zone) {
  const time = new Date(instant).getTime();
  return new Date(time + ahead(time, zone)).toISOString().slice(0, 16);
}

/** An instant for people, with the name of its clock. */
export function shown(instant, zone = "UTC") {
  const time = new Date(instant);
  const date = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short", year: "numeric" }).format(time);
  const clock = new Intl.DateTimeFormat("en-US", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });
  return `${date}, ${clock.format(time)}`;
}

/** A window for people. */
export const span = ({ start, end }, zone) => `${shown(start, zone)} to ${shown(end, zone)}`;

export const ownZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

// The demo's evening in seven steps: a strip at the top shows the step and its task.

import { $, h } from "./page.js";

const STEPS = [
  ["public", "The public sees bands and bulletins, and the head of the log. Copy the head."],
  ["agency", "Sgt. Ames sets four corners crosswise: the crossing glows. Move a corner, come near the school, draw too large. Put it right, and send."],
  ["operator", "J. Hill reviews it: who would be asked, and why not the others. The notice hurries: put that right, approve it, and ask."],
  ["owner", "Ada was asked. She shares, or not, and may stop being asked."],
  ["agency", "Sgt. Ames draws nearly the same area again: refused. Then the first request is resolved, and the outcome is a band.", "mine"],
  ["owner", "Ada verifies by herself whether she was asked, and that the log goes on from the head of step 1.", "verify"],
  ["public", "The bulletin is resolved, for all to see."],
];

const address = (portal, plane, step, view) => {
  const port = location.port ? `:${location.port}` : "";
  return `${location.protocol}//${portal.hosts[plane]}${port}/?step=${step}${carried()}${view ? `#${view}` : ""}`;
};

/** The head that was copied in step 1, which goes along in the address: it is public. */
const carried = () => {
  const head = new URLSearchParams(location.search).get("head") ?? sessionStorage.getItem("head");
  return head ? `&head=${encodeURIComponent(head)}` : "";
};

/** Shows the strip. */
export function strip(portal) {
  const wanted = Number(new URLSearchParams(location.search).get("step"));
  const own = STEPS.findIndex(([plane]) => plane === portal.plane);
  const step = STEPS[wanted - 1]?.[0] === portal.plane ? wanted - 1 : own;
  const [, text] = STEPS[step];
  const link = (i, attributes, ...children) => h("a", {
    // The head may be copied after this was drawn.
    onclick: ({ currentTarget }) => { currentTarget.href = address(portal, STEPS[i][0], i + 1, STEPS[i][2]); },
    href: address(portal, STEPS[i][0], i + 1, STEPS[i][2]), ...attributes,
  }, ...children);
  const steps = STEPS.map(([plane], i) => h("li", {}, link(i, { "aria-label": `Step ${i + 1}: ${plane}`, "aria-current": i === step ? "step" : null }, String(i + 1))));
  const next = step + 1 < STEPS.length ? link(step + 1, { class: "next" }, "Next step") : null;
  const help = portal.plane === "agency" ? h("button", { type: "button", onclick: fillIn }, "Fill in the case") : null;
  document.body.prepend(h("aside", { id: "story", "aria-label": "The demo's evening" }, h("ol", {}, steps), h("p", {}, text), help, next));
}

/** The case of the story: a burglary of the evening before. */
function fillIn() {
  const form = $("#request");
  const day = new Date(Date.now() - 2 * 86_400_000).toISOString().slice(0, 10);
  const values = { case_reference: "AS-2026-0417", incident: "burglary", contact: "Sgt. Ames, +1 555 0100", from: `${day}T16:00`, until: `${day}T22:00` };
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

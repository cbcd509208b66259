// Common to all pages: elements, the sign-in, the status line and the demo's strip.

import { Problem, get, onSessionEnded, post, remove } from "./api.js";

export const $ = (selector, root = document) => root.querySelector(selector);

/** Makes an element. Texts become text nodes and nothing else. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A text that somebody else wrote, kept from turning the sentence around it. */
export const foreign = (text) => h("bdi", {}, String(text ?? ""));

/** Replaces an element's content. */
export const fill = (element, ...children) => element.replaceChildren(...children.flat().filter(Boolean));

/** Announces an event, to screen readers as well, in the shown view. */
export function announce(text) {
  const all = [...document.querySelectorAll('[id^="status"]')];
  const status = all.find((each) => each.checkVisibility()) ?? all[0];
  if (status) status.textContent = text;
}

export const words = (code) => code.replaceAll("_", " ");

/** A band of numbers in words. */
export const band = ({ at_least: least, at_most: most }) => (most === undefined ? `${least} or more` : `${least} to ${most}`);

export const km2 = (m2) => `${(m2 / 1e6).toFixed(2)} km\u00b2`;

/** Shows a refusal of the service as an alert inside an element. */
export function complain(element, error) {
  if (!(error instanceof Problem)) throw error;
  fill(element, h("p", { class: "refusal", role: "alert" }, foreign(error.message)));
}

/** Runs a button's action, one at a time, and shows its refusals. */
export function doing(button, complaints, work) {
  button.addEventListener("click", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    fill(complaints);
    try {
      await work(event);
    } catch (error) {
      complain(complaints, error);
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

/** Copies a text, and announces it. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied.");
  } catch {
    announce("The browser does not allow copying; select the text instead.");
  }
}

/** Shows one of several views, named in the address after `#`, and marks its link. */
export function views(names, shown) {
  const show = () => {
    const [wanted, ...rest] = location.hash.slice(1).split("/");
    // The link to the page's beginning is no view.
    if (wanted === "main") return;
    const name = names.includes(wanted) ? wanted : names[0];
    for (const each of names) $(`#view-${each}`).hidden = each !== name;
    for (const link of document.querySelectorAll("nav a[data-view]")) {
      if (link.dataset.view === name) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    shown(name, rest[0]);
  };
  window.addEventListener("hashchange", show);
  show();
}

let portal = {};

/** Starts a page: who is signed in, and the demo's strip if this is the demo. */
export async function start(signedIn) {
  portal = await get("/portal.json");
  const story = portal.demo ? await import("./story.js") : null;
  if (portal.plane !== "public") await session();
  await signedIn(portal);
  story?.strip(portal);
}

async function session() {
  onSessionEnded(signIn);
  // Remembered, since asking without a session would log an error.
  if (localStorage.getItem("signed-in")) {
    try {
      welcome(await get("/v1/session"));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await signIn();
    }
  } else {
    await signIn();
  }
  $("#sign-out").addEventListener("click", async () => {
    await remove("/v1/session");
    localStorage.removeItem("signed-in");
    sessionStorage.setItem("signed-out", "yes");
    location.reload();
  });
}

function welcome(session) {
  localStorage.setItem("signed-in", "yes");
  fill($("#who"), foreign(session.name ?? ""));
  $("#sign-out").hidden = false;
}

let asking = null;

/** Asks for the token until there is a session. Several callers wait for the same answer. */
function signIn() {
  asking ??= ask().finally(() => { asking = null; });
  return asking;
}

async function ask() {
  // The demo's strip leads from plane to plane without a stop, unless somebody signed out here.
  if (portal.demo?.token && !sessionStorage.getItem("signed-out")) {
    return welcome(await post("/v1/session", { token: portal.demo.token }));
  }
  const dialog = signInDialog();
  const form = $("form", dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      try {
        const session = await post("/v1/session", credentials(form));
        dialog.remove();
        welcome(session);
        if (session.token) showOnce(session.token);
        resolve();
      } catch (error) {
        complain($("output", form), error);
        form.elements.token.focus();
      }
    };
  });
}

function signInDialog() {
  const first = h("label", { class: "choice", hidden: portal.plane !== "owner" }, h("input", { type: "checkbox", name: "first" }), "This is an invitation: I am here for the first time");
  const dialog = h("dialog", { id: "sign-in", "aria-labelledby": "sign-in-title", oncancel: (event) => event.preventDefault() }, h("form", {},
    h("h2", { id: "sign-in-title" }, "Sign in"),
    h("p", {}, "You are signed out after 15 minutes of rest. What you typed is still there."),
    h("label", { for: "token" }, document.body.dataset.token),
    h("input", { id: "token", name: "token", type: "password", autocomplete: "current-password", required: true, value: portal.demo?.token }),
    first, h("output"), h("button", { class: "strong" }, "Sign in")));
  document.body.append(dialog);
  return dialog;
}

function credentials(form) {
  const typed = form.elements.token.value.trim();
  return form.elements.first.checked ? { invitation: typed } : { token: typed };
}

/** An owner's own token, after an invitation. */
function showOnce(token) {
  const place = $("#token-shown");
  place.hidden = false;
  fill(
    place,
    h("h2", {}, "Your token"),
    h("p", {}, "With it you sign in from now on. Keep it: it will not be shown again."),
    h("p", {}, h("code", {}, token)),
    h("button", { type: "button", onclick: () => copy(token) }, "Copy"),
  );
}

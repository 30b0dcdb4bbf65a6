// Keeps the live parts of a page up to date: every element with data-live="seconds" gets a `tick`, on which htmx asks for
// it again. Nothing is asked while the page is hidden, while a request is under way, or while the reader has text marked.
// An answer that changes nothing is not put into the page, so focus, open details and marked text stay.

const last = new WeakMap(); // element → its last answer
const due = new WeakMap(); // element → when it is asked for again

setInterval(() => {
  if (document.visibilityState !== "visible") return;
  for (const element of document.querySelectorAll("[data-live]")) {
    if (busy(element)) continue;
    const now = performance.now();
    if (!due.has(element)) due.set(element, now + Number(element.dataset.live) * 1000);
    if (now < due.get(element)) continue;
    due.set(element, now + Number(element.dataset.live) * 1000);
    tick(element);
  }
}, 500);

function tick(element) {
  window.htmx?.trigger(element, "tick");
}

function busy(element) {
  if (element.classList.contains("htmx-request")) return true;
  const marked = document.getSelection();
  return Boolean(marked && !marked.isCollapsed && element.contains(marked.anchorNode));
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") document.querySelectorAll("[data-live]").forEach(tick);
});

document.body.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr } = event.detail;
  if (!target.dataset.live) return;
  if (xhr.status < 400) stale(false);
  if (xhr.responseURL && new URL(xhr.responseURL).pathname !== target.getAttribute("hx-get")) {
    event.detail.shouldSwap = false; // sent to the login: the session has ended
    location.reload();
    return;
  }
  if (last.get(target) === xhr.responseText) event.detail.shouldSwap = false;
  last.set(target, xhr.responseText);
  target.openDetails = [...target.querySelectorAll("details[open][id]")].map((details) => details.id);
  target.scrolled = [...target.querySelectorAll("details[open] .log")].map((log) => log.scrollTop);
});

function stale(is) {
  const note = document.getElementById("stale");
  if (note) note.hidden = !is;
}

for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.body.addEventListener(name, (event) => event.detail.target?.dataset.live && stale(true));
}

document.body.addEventListener("htmx:afterSwap", (event) => {
  for (const id of event.detail.target.openDetails ?? []) {
    document.getElementById(id)?.setAttribute("open", "");
  }
  const logs = event.detail.target.querySelectorAll("details[open] .log");
  logs.forEach((log, index) => (log.scrollTop = event.detail.target.scrolled?.[index] ?? 0));
});

// A menu closes when one clicks or moves elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(".menu[open]")) {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }
});

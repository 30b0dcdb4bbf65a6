// Shows moments in the reader's own time zone: the text of <time data-local>, the title of every <time>.

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function localise(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const text = full.format(new Date(element.dateTime));
    element.title = text;
    if (element.hasAttribute("data-local")) element.textContent = text;
  }
}

localise(document);
document.body.addEventListener("htmx:afterSwap", (event) => localise(event.detail.target));

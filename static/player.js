// A click on a chapter jumps in the video instead of loading the page anew.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-seek]");
  const player = document.getElementById("player");
  if (!link || !player || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  player.currentTime = Number(link.dataset.seek);
  player.play().catch(() => {});
  player.scrollIntoView({ block: "nearest", behavior: "smooth" });
});

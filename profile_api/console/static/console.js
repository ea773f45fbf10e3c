// Escape hides the provenance that hover or focus shows, until the pointer or the focus moves on.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll(".sourced:hover, .sourced:focus-within")) {
    open.classList.add("hushed");
    const speak = () => open.classList.remove("hushed");
    open.addEventListener("mouseleave", speak, { once: true });
    open.addEventListener("focusout", speak, { once: true });
  }
});
